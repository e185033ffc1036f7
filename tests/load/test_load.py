"""test_load.py -- much at once: many jobs, a flood of one class, wide forks, the largest inputs, timers that fall due together.
Judged is that everything ends right and that what must be bounded is; rates and delays are printed, not judged.

LOAD_JOBS (20000) is how many jobs the first test runs."""

import datetime
import json
import os
import pathlib
import sys
import threading
import time

import confluent_kafka

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from cluster import NOOP, SHARDS, Cluster, wait_until  # noqa: E402

JOBS = int(os.environ.get("LOAD_JOBS", "20000"))
RSS_MIB_MAX = {"orchestrator": 600, "worker": 400, "gateway": 200}
OUTSTANDING = 100


def rss_mib(pid):
    line = next(line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def check_memory(cluster):
    """The most that each program has ever had."""
    for program in cluster.programs:
        most = rss_mib(program.process.pid)
        print(f"{program.log.name}: {most} MiB at most")
        assert most <= RSS_MIB_MAX[program.name], f"{program.log}: {most} MiB"


def check_silence(cluster):
    for program in cluster.programs:
        assert "ALARM" not in program.text(), program.text()[-3000:]


def submit_all(cluster, bodies):
    """Every message in one stream; gives when each is known to be stored."""
    for body in bodies:
        while True:
            try:
                cluster.producer.produce(f"{cluster.prefix}.jobs", json.dumps(body), body["id"])
                break
            except BufferError:
                cluster.producer.poll(0.1)
        cluster.producer.poll(0)
    assert cluster.producer.flush(120) == 0


def count(cluster, status):
    return sum(cluster.redis.zcard(f"mr:{{{s}}}:closed:{status}") for s in range(SHARDS))


def wait_closed(cluster, wanted, limit):
    try:
        wait_until(lambda: count(cluster, "SUCCEEDED") >= wanted, limit, 0.1)
    except AssertionError:
        still_open = [job for s in range(SHARDS) for job in cluster.redis.zrange(f"mr:{{{s}}}:open", 0, 2)]
        raise AssertionError(f"{count(cluster, 'SUCCEEDED')} of {wanted} have succeeded, {count(cluster, 'FAILED')} failed: "
                             f"{cluster.trace(still_open[0]) if still_open else 'none is open'}") from None
    assert count(cluster, "SUCCEEDED") == wanted


def started(cluster):
    for _ in range(2):
        cluster.start("orchestrator", ready=False)
    for _ in range(2):
        cluster.start("worker")
    wait_until(lambda: cluster.redis.exists(*[f"mr:{{{s}}}:pos" for s in range(SHARDS)]) == SHARDS)


def test_many_jobs_all_end_and_memory_stays_bounded():
    with Cluster() as cluster:
        started(cluster)
        began = time.monotonic()
        submit_all(cluster, ({"id": f"n-{i}", "definition": NOOP, "input": {"i": i}} for i in range(JOBS)))
        print(f"{JOBS} jobs are stored after {time.monotonic() - began:.1f} s")
        wait_closed(cluster, JOBS, 600)
        print(f"and have ended after {time.monotonic() - began:.1f} s: {JOBS / (time.monotonic() - began):.0f} a second")
        for i in range(0, JOBS, max(1, JOBS // 50)):
            assert cluster.row(f"n-{i}")["output"] == json.dumps({"i": i}, separators=(",", ":"))
        cluster.outbox_is_empty()
        ids = {}
        for _, _, key, value in cluster.read("events"):
            ids.setdefault(key, set()).add(json.loads(value)["id"])
        assert len(ids) == JOBS and all(len(found) == 1 for found in ids.values())
        check_memory(cluster)
        check_silence(cluster)


class Flooded:
    """A slow custom worker that reads the class's topic, and sees how much stands there unanswered."""

    def __init__(self, cluster):
        self.cluster, self.backlog_max, self.answered = cluster, 0, 0
        self.topic = f"{cluster.prefix}.tasks.hello"
        self.consumer = confluent_kafka.Consumer({"bootstrap.servers": cluster.brokers, "group.id": f"hello-{cluster.prefix}",
                                                  "auto.offset.reset": "earliest"})
        self.stop = threading.Event()

    def look(self):
        """How many tasks stand in the topic that no answer was sent for."""
        ends = [self.consumer.get_watermark_offsets(confluent_kafka.TopicPartition(self.topic, p), 10)[1] for p in (0, 1)]
        self.backlog_max = max(self.backlog_max, sum(ends) - self.answered)
        return self.backlog_max

    def serve(self, wanted, limit):
        self.consumer.subscribe([self.topic])
        end = time.monotonic() + limit
        while self.answered < wanted:
            assert time.monotonic() < end, f"{self.answered} of {wanted} tasks came"
            found = self.consumer.consume(50, 0.2)
            for message in found:
                task = json.loads(message.value())
                self.cluster.producer.produce(f"{self.cluster.prefix}.results",
                                              json.dumps({"token": task["token"], "output": {"ok": True}}), task["job"])
            assert self.cluster.producer.flush(30) == 0
            self.look()  # before these count as answered: what was sent for them came after
            self.answered += len(found)
        self.consumer.close()


def test_a_flood_of_one_class_waits_in_redis_not_in_its_topic():
    flood = 5000
    definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "millrace:hello.greet", "End": True}}}
    with Cluster(ORCH_OUTSTANDING_MAX=OUTSTANDING, ORCH_CLASSES="image,io,hello") as cluster:
        started(cluster)
        submit_all(cluster, ({"id": f"f-{i}", "definition": definition, "input": {}} for i in range(flood)))
        wait_until(lambda: sum(cluster.redis.zcard(f"mr:{{{s}}}:open") for s in range(SHARDS)) == flood, 60)
        flooded = Flooded(cluster)
        wait_until(lambda: flooded.look() > 0)
        time.sleep(1)
        assert 0 < flooded.look() <= OUTSTANDING * SHARDS  # nobody answers, and no more come
        # Another class does not stand behind it.
        assert cluster.ended(cluster.submit("beside-1", definition=NOOP, input={}), 20)["status"] == "SUCCEEDED"
        flooded.serve(flood, 180)
        wait_closed(cluster, flood + 1, 120)
        print(f"at most {flooded.backlog_max} tasks stood in the topic, {OUTSTANDING} x {SHARDS} are allowed")
        # An answer that was applied while we looked has let one more out: those just answered, at most.
        assert flooded.backlog_max <= OUTSTANDING * SHARDS + 50
        cluster.outbox_is_empty()
        check_memory(cluster)
        check_silence(cluster)


def test_a_job_two_hundred_ways_wide_comes_together_again():
    def branch(name):
        return {"StartAt": name, "States": {name: {"Type": "Task", "Resource": "millrace:noop", "End": True}}}
    parallel = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": True, "Branches": [branch(f"A{i}") for i in range(200)]}}}
    each = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.list", "End": True, "ItemProcessor": branch("A")}}}
    with Cluster() as cluster:
        started(cluster)
        items = [{"n": n} for n in range(200)]
        jobs = {f"wide-{kind}-{i}": (kind, definition) for i in range(5) for kind, definition in (("p", parallel), ("m", each))}
        submit_all(cluster, ({"id": job, "definition": definition, "input": {"list": items} if kind == "m" else {"x": 1}}
                             for job, (kind, definition) in jobs.items()))
        for job, (kind, _) in jobs.items():
            row = cluster.ended(job, 120)
            assert row["status"] == "SUCCEEDED", row
            assert json.loads(row["output"]) == (items if kind == "m" else [{"x": 1}] * 200)
            assert row["steps_entered"] == row["steps_done"] == "201"
        cluster.outbox_is_empty()
        check_memory(cluster)
        check_silence(cluster)


def test_inputs_as_large_as_they_may_be():
    largest = {"text": "x" * (262144 - len('{"text":""}'))}
    definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "millrace:noop", "Next": "B"},
                                             "B": {"Type": "Task", "Resource": "millrace:noop", "End": True}}}
    with Cluster() as cluster:
        started(cluster)
        jobs = [f"large-{i}" for i in range(100)]
        submit_all(cluster, ({"id": job, "definition": definition, "input": largest} for job in jobs))
        for job in jobs:
            row = cluster.ended(job, 120)
            assert row["status"] == "SUCCEEDED", (row["error"], row["cause"])
            assert json.loads(row["output"]) == largest
        cluster.outbox_is_empty()
        check_memory(cluster)
        check_silence(cluster)


def test_a_thousand_timers_at_one_instant_fire_and_none_early():
    timers = 1000
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "TimestampPath": "$.at", "End": True}}}
    with Cluster() as cluster:
        started(cluster)
        due = int(time.time()) + 10
        at = datetime.datetime.fromtimestamp(due, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        submit_all(cluster, ({"id": f"t-{i}", "definition": definition, "input": {"at": at}} for i in range(timers)))
        wait_until(lambda: sum(cluster.redis.zcard(f"mr:{{{s}}}:timers") for s in range(SHARDS)) == timers, 10)
        assert time.time() < due, "the machine is too slow for this test: the timers were not set in 10 s"
        wait_closed(cluster, timers, 60)
        late = [int(cluster.row(f"t-{i}")["ended"]) - due * 1000 for i in range(timers)]
        print(f"late by {min(late)} to {max(late)} ms")
        assert min(late) >= 0
        assert sum(cluster.redis.zcard(f"mr:{{{s}}}:timers") for s in range(SHARDS)) == 0
        check_silence(cluster)
