"""What must survive: a flushed Redis, owners that sleep past their time, a log that was cut off, a poison message."""

import base64
import json
import signal
import time

import confluent_kafka
import confluent_kafka.admin
import pytest

from cluster import NOOP, SHARDS, STEPS, Cluster, shard_of, wait_until

HELLO = {"StartAt": "A", "States": {"A": {
    "Type": "Task", "Resource": "millrace:hello.greet", "TimeoutSeconds": 60,
    "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2}], "End": True}}}


class Hello:
    """A custom worker: an ordinary Kafka client that reads tasks of class hello and answers as it is told."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.consumer = confluent_kafka.Consumer({"bootstrap.servers": cluster.brokers, "group.id": f"hello-{cluster.prefix}",
                                                  "auto.offset.reset": "earliest"})
        self.consumer.subscribe([f"{cluster.prefix}.tasks.hello"])

    def next(self, limit=30):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            message = self.consumer.poll(0.2)
            if message is not None and not message.error():
                return json.loads(message.value())
        raise AssertionError("no task came")

    def answer(self, task, **result):
        self.cluster.produce("results", {"token": task["token"], **result}, task["job"])


@pytest.mark.parametrize("event", ["submit", "result"])
def test_a_job_whose_event_ends_every_orchestrator_is_set_aside(event):
    """Its neighbours in the shard go on, it says why, and a rebuild comes to the same without another crash."""
    poison = next(f"poison-{i}" for i in range(100) if shard_of(f"poison-{i}") == shard_of("calm-1"))
    with Cluster() as cluster:
        if event == "submit":
            cluster.start("worker")
            cluster.submit(poison, definition=NOOP)
        else:
            first = cluster.start("orchestrator")
            cluster.submit(poison, definition=NOOP)
            wait_until(lambda: cluster.row(poison).get("status") == "RUNNING")
            first.kill()
            cluster.start("worker")
        cluster.submit("calm-1", definition=NOOP)
        deaths = 0
        while True:
            program = cluster.start("orchestrator", ready=False, MILLRACE_FAIL_POINT=f"apply.event={poison}")
            wait_until(lambda: program.process.poll() is not None or cluster.row("calm-1").get("status") == "SUCCEEDED")
            if program.process.poll() is None:
                break
            assert program.died() == signal.SIGKILL
            deaths += 1
            assert deaths <= 6
        assert deaths >= 4  # once or twice among others, three times alone
        row = cluster.ended(poison)
        assert (row["status"], row["error"]) == ("FAILED", "Millrace.Quarantined")
        letters = [letter for letter in cluster.letters() if letter["reason"] == "job.quarantined"]
        assert len({(letter["partition"], letter["offset"]) for letter in letters}) == 1
        assert json.loads(base64.b64decode(letters[0]["bytes"]))["k"] == event
        if event == "result":  # its submit, before that, is applied: by one that does not die of it
            program.kill()
            program = cluster.start("orchestrator")
        cluster.redis.flushdb()
        cluster.ended("calm-1")
        assert cluster.ended(poison)["error"] == "Millrace.Quarantined"
        assert program.process.poll() is None
        assert cluster.ended(cluster.submit("calm-2", definition=NOOP))["status"] == "SUCCEEDED"
        cluster.outbox_is_empty()


def test_redis_flushed_in_mid_run_is_rebuilt_from_the_log():
    with Cluster(ORCH_CLASSES="image,io,hello") as cluster:
        cluster.start("orchestrator")
        cluster.start("worker")
        cluster.start("gateway")
        cluster.http("PUT", "/v1/workflows/hello", HELLO)
        key = cluster.http("POST", "/v1/keys", {"name": "shop", "scopes": ["submit", "read"]})[1]["key"]
        done = cluster.ended(cluster.submit("done-1", definition=STEPS, input={"x": 1}))
        cluster.submit("open-1", workflow="hello", input={"x": 1})
        hello = Hello(cluster)
        task = hello.next()
        cluster.redis.flushdb()
        wait_until(lambda: cluster.row("done-1").get("status") == "SUCCEEDED")
        assert cluster.row("done-1") == done
        wait_until(lambda: cluster.row("open-1").get("status") == "RUNNING")
        hello.answer(task, output={"greeting": "hello"})
        assert cluster.ended("open-1")["output"] == '{"greeting":"hello"}'
        wait_until(lambda: cluster.redis.hexists("mr:config", "workflow/hello"))
        assert cluster.http("GET", "/v1/jobs/open-1", key=key)[1]["status"] == "SUCCEEDED"
        cluster.submit("after-1", workflow="hello", input={})
        cluster.outbox_is_empty()


def owners(cluster):
    found = {}
    for name in cluster.redis.keys("mr:lease:*"):
        found[name] = cluster.redis.get(name)
    return found


def stopped_and_continued(flush):
    with Cluster() as cluster:
        first = cluster.start("orchestrator", ORCH_ID="first")
        worker = cluster.start("worker", WORKER_ID="w-first")
        jobs = [cluster.submit(f"before-{i}", definition=STEPS, input={"i": i}) for i in range(20)]
        wait_until(lambda: all(cluster.row(job) for job in jobs))
        first.signal(signal.SIGSTOP)
        worker.signal(signal.SIGSTOP)
        if flush:
            cluster.redis.flushdb()
        second = cluster.start("orchestrator", ORCH_ID="second", ready=False)
        cluster.start("worker", WORKER_ID="w-second")
        second.says("shard.live", 30)
        wait_until(lambda: second.text().count("shard.live") >= SHARDS)
        first.signal(signal.SIGCONT)
        worker.signal(signal.SIGCONT)
        jobs += [cluster.submit(f"after-{i}", definition=STEPS, input={"i": i}) for i in range(20)]
        for job in jobs:
            row = cluster.ended(job)
            assert row["status"] == "SUCCEEDED", row
            assert row["steps_entered"] == row["steps_done"]
            assert row["output"] == json.dumps([{"i": int(job.split("-")[1])}] * 2, separators=(",", ":"))
        cluster.outbox_is_empty()
        for job in (jobs[0], jobs[19], jobs[-1]):
            assert len(cluster.notices(job)) == 1
        # Nobody has written with an older epoch than the one that stands.
        for s in range(SHARDS):
            position = cluster.redis.hgetall(f"mr:{{{s}}}:pos")
            takes = [offset for partition, offset, _, value in cluster.read("log")
                     if partition == s and json.loads(value)["k"] == "takeover"]
            assert int(position["epoch"]) in takes


def test_owners_stopped_past_their_time_out_are_fenced():
    stopped_and_continued(flush=False)


def test_owners_stopped_over_a_flush_are_fenced():
    stopped_and_continued(flush=True)


def test_a_log_cut_off_behind_redis_is_noticed_not_skipped():
    with Cluster() as cluster:
        first = cluster.start("orchestrator")
        cluster.start("worker")
        cluster.ended(cluster.submit("one-1", definition=NOOP))
        first.kill()
        shard = shard_of("one-1")
        for i in range(5):
            cluster.produce("log", {"v": 1, "k": "redrive", "job": f"x{i}"}, "x", partition=shard)
        cluster.delete_records("log", shard, max(offset for partition, offset, _, _ in cluster.read("log") if partition == shard))
        position = int(cluster.redis.hget(f"mr:{{{shard}}}:pos", "next"))
        again = cluster.start("orchestrator", ready=False).says("shard.stopped")
        time.sleep(1)
        assert int(cluster.redis.hget(f"mr:{{{shard}}}:pos", "next")) == position
        assert f"shard={shard}" in next(line for line in again.text().splitlines() if "shard.stopped" in line)


def test_poison_lands_in_the_dlq_with_its_bytes_and_the_next_is_served():
    poison = [b"\xff\xfe\x00not json", b'{"v":7,"workflow":"x"}', b'{"workflow":"x","recipe":{}}', b'{"workflow":"nobody"}',
              b'{"definition":{"StartAt":"A","States":{}}}', b'{"recipe":{"source":{"key":"a"},"outputs":[{"format":"bmp"}]}}',
              b" " * (1536 * 1024 + 1), b""]
    with Cluster() as cluster:
        cluster.start("orchestrator")
        cluster.start("worker")
        for value in poison:
            cluster.produce("jobs", value, "p")
        cluster.produce("results", b'{"token":"nonsense","output":1}', "p")
        assert cluster.ended(cluster.submit("next-1", definition=NOOP, input={"x": 1}))["status"] == "SUCCEEDED"
        letters = wait_until(lambda: (lambda found: found if len(found) >= len(poison) + 1 else None)(cluster.letters()))
        assert len(letters) == len(poison) + 1
        assert sorted(len(base64.b64decode(letter["bytes"])) for letter in letters) == sorted(map(len, [*poison, b'{"token":"nonsense","output":1}']))
        assert {base64.b64decode(letter["bytes"]) for letter in letters} == set(poison) | {b'{"token":"nonsense","output":1}'}
        assert all(letter["error"] and letter["reason"].startswith("MR_") for letter in letters)


def test_an_unknown_kind_in_the_log_stops_its_shard_with_an_alarm():
    with Cluster() as cluster:
        orchestrator = cluster.start("orchestrator")
        cluster.start("worker")
        cluster.ended(cluster.submit("one-1", definition=NOOP))
        shard = shard_of("one-1")
        cluster.produce("log", {"v": 1, "k": "of-the-future"}, "x", partition=shard)
        orchestrator.says("ALARM shard.stopped")
        position = cluster.redis.hget(f"mr:{{{shard}}}:pos", "next")
        other = next(f"other-{i}" for i in range(50) if shard_of(f"other-{i}") != shard)
        same = next(f"same-{i}" for i in range(50) if shard_of(f"same-{i}") == shard)
        cluster.submit(same, definition=NOOP)
        cluster.ended(cluster.submit(other, definition=NOOP))
        assert cluster.redis.hget(f"mr:{{{shard}}}:pos", "next") == position
        assert cluster.row(same) == {}


def test_a_task_that_fails_twice_is_retried_with_back_off():
    with Cluster(ORCH_CLASSES="image,io,hello") as cluster:
        cluster.start("orchestrator")
        cluster.submit("retry-1", definition=HELLO, input={"x": 1})
        hello = Hello(cluster)
        started = time.monotonic()
        for attempt in (1, 2):
            task = hello.next()
            assert task["attempt"] == attempt
            hello.answer(task, error="Hello.Shy", cause="not yet")
        task = hello.next()
        assert time.monotonic() - started >= 2.9  # 1 s, then 2 s
        hello.answer(task, output={"ok": True})
        assert cluster.ended("retry-1")["output"] == '{"ok":true}'


def test_one_that_always_fails_is_dead_lettered_and_redrive_finishes_it():
    with Cluster(ORCH_CLASSES="image,io,hello") as cluster:
        cluster.start("orchestrator")
        cluster.start("gateway")
        cluster.submit("dead-1", definition=HELLO, input={"x": 1})
        hello = Hello(cluster)
        for attempt in (1, 2, 3):
            hello.answer(hello.next(), error="Hello.Rude", cause=f"no {attempt}")
        row = cluster.ended("dead-1")
        assert (row["status"], row["error"], row["cause"]) == ("FAILED", "Hello.Rude", "no 3")
        letter = wait_until(lambda: next((letter for letter in cluster.letters() if letter.get("job") == "dead-1"), None))
        assert [entry["cause"] for entry in letter["chain"]] == ["no 1", "no 2", "no 3"]
        cluster.http("POST", "/v1/jobs/dead-1/redrive")
        hello.answer(hello.next(), output={"ok": True})
        row = wait_until(lambda: (lambda row: row if row.get("status") == "SUCCEEDED" else None)(cluster.row("dead-1")))
        assert row["output"] == '{"ok":true}'


def test_a_forged_stale_or_foreign_token_changes_nothing():
    with Cluster(ORCH_CLASSES="image,io,hello") as cluster:
        cluster.start("orchestrator")
        hello = Hello(cluster)
        cluster.submit("foreign-1", definition=HELLO)
        foreign = hello.next()
        hello.answer(foreign, error="Hello.Shy", cause="once")
        fresh = hello.next()  # attempt 2 of the same task
        before = cluster.row("foreign-1")
        cluster.submit("target-1", definition=HELLO)
        target = hello.next()
        mac = target["token"].rsplit(".", 1)[1]
        forged = [f"target-1.1.1.{'0' * 32}", f"target-1.1.2.{mac}", f"target-1.2.1.{mac}",
                  foreign["token"].replace("foreign-1", "target-1"), foreign["token"]]
        for token in forged:
            cluster.produce("results", {"token": token, "output": {"evil": True}}, "x")
            job = token.split(".")[0]
            cluster.produce("log", {"v": 1, "k": "result", "token": token, "output": {"evil": True}}, "x",
                            partition=shard_of(job))
        hello.answer(target, output={"good": True})
        assert cluster.ended("target-1")["output"] == '{"good":true}'
        assert cluster.row("foreign-1")["status"] == before["status"] == "RUNNING"
        hello.answer(fresh, output={"good": True})
        assert cluster.ended("foreign-1")["output"] == '{"good":true}'
        hello.answer(target, output={"late": True})
        time.sleep(0.5)
        assert cluster.row("target-1")["output"] == '{"good":true}'


def test_a_wrong_setting_stops_a_program_at_its_start_with_one_line():
    with Cluster() as cluster:
        cases = [("orchestrator", {"MILLRACE_SHARDS": "many"}, "MILLRACE_SHARDS"),
                 ("orchestrator", {"MILLRACE_REDIS_URL": "http://x"}, "MILLRACE_REDIS_URL"),
                 ("worker", {"WORKER_SLOTS": "plenty"}, "WORKER_SLOTS"),
                 ("gateway", {"GATEWAY_LISTEN": "nowhere"}, "GATEWAY_LISTEN")]
        for name, settings, word in cases:
            program = cluster.start(name, ready=False, **settings)
            assert program.process.wait(30) != 0
            lines = [line for line in program.text().splitlines() if line.strip()]
            assert word in lines[-1], lines


def test_a_topic_that_would_forget_stops_the_start():
    with Cluster() as cluster:
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": cluster.brokers})
        topic = confluent_kafka.admin.NewTopic(f"{cluster.prefix}.log", SHARDS, 1, config={"retention.ms": "604800000"})
        for done in admin.create_topics([topic]).values():
            done.result(20)
        program = cluster.start("orchestrator", ready=False)
        assert program.process.wait(60) != 0
        assert "retention.ms" in program.text()
