"""test_chaos.py -- two of each program under a steady flow of jobs, and every one to three seconds a fault, by a seed. When
all is up again, every job that was accepted has ended as it must: once, with nothing left over.

CHAOS_SECONDS (120) is how long, CHAOS_SEED repeats the faults of a run, CHAOS_FAULTS=kill_kafka,... allows only these."""

import json
import os
import pathlib
import random
import sys
import time

import boto3
import botocore
import confluent_kafka
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from cluster import FINAL, NOOP, SHARDS, Cluster, service_kit, shard_of, wait_until  # noqa: E402
from fleet import Fleet  # noqa: E402
from flow import Flow, picture  # noqa: E402

SECONDS = float(os.environ.get("CHAOS_SECONDS", "120"))
ENDED_LIMIT_S = 120
TRACED_MAX = 3


@pytest.fixture
def services(monkeypatch):
    with service_kit.Services() as own:
        for name, value in own.env().items():
            monkeypatch.setenv(name, value)
        yield own


class Storage:
    def __init__(self):
        self.bucket = os.environ["MILLRACE_S3_BUCKET"]
        self.client = boto3.client("s3", endpoint_url=os.environ["MILLRACE_S3_ENDPOINT"], region_name=os.environ["MILLRACE_S3_REGION"],
                                   aws_access_key_id=os.environ["MILLRACE_S3_ACCESS_KEY"],
                                   aws_secret_access_key=os.environ["MILLRACE_S3_SECRET_KEY"])

    def put(self, key, body):
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)

    def get(self, key):
        try:
            return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except botocore.exceptions.ClientError:
            return None


def rows(cluster, jobs):
    pipe = cluster.redis.pipeline(transaction=False)
    for job in jobs:
        pipe.hgetall(f"mr:{{{shard_of(job)}}}:job:{job}")
    return dict(zip(jobs, pipe.execute()))


def unreleased(cluster):
    """Messages that a group has not released: (topic, partition, released, end)."""
    found = []
    for group, topic in ((".admit", "jobs"), (".worker.io", "tasks.io"), (".worker.image", "tasks.image")):
        consumer = confluent_kafka.Consumer({"bootstrap.servers": cluster.brokers, "group.id": cluster.prefix + group})
        name = f"{cluster.prefix}.{topic}"
        try:
            places = [confluent_kafka.TopicPartition(name, p) for p in consumer.list_topics(name, 10).topics[name].partitions]
            for place in consumer.committed(places, 10):
                _, end = consumer.get_watermark_offsets(place, 10)
                if max(place.offset, 0) < end:
                    found.append((topic, place.partition, place.offset, end))
        finally:
            consumer.close()
    return found


def judge(cluster, flow):
    """{job: what is wrong} when all has come to rest, or the time for that is over."""
    accepted = [job for job, way in flow.accepted.items() if not way.startswith("refused")]
    wrong = {job: way for job, way in flow.accepted.items() if way.startswith("refused")}

    def all_ended():
        return all(row.get("status") in FINAL for row in rows(cluster, accepted).values())
    try:
        wait_until(all_ended, ENDED_LIMIT_S, 0.5)
    except AssertionError:
        pass  # the rows say which
    storage = Storage()
    found = rows(cluster, list(flow.expected))
    for job, row in found.items():
        if job in accepted or row:  # without an answer: perhaps a job, but then a whole one
            why = flow.row_is_wrong(job, row, storage.get)
            if why:
                wrong.setdefault(job, why)
    return wrong


def leftovers(cluster, wrong):
    """What must be gone, once all jobs have ended."""
    found = []
    try:
        cluster.outbox_is_empty(30)
    except AssertionError:
        found += [f"outbox {s}: {cluster.redis.hkeys(f'mr:{{{s}}}:outbox')[:5]}" for s in range(SHARDS)]
    for s in range(SHARDS):
        for what, count in (("open", cluster.redis.zcard(f"mr:{{{s}}}:open")), ("timers", cluster.redis.zcard(f"mr:{{{s}}}:timers"))):
            if count and not wrong:
                found.append(f"shard {s}: {count} {what}")
    try:
        wait_until(lambda: not unreleased(cluster), 30, 0.5)
    except AssertionError:
        found.append(f"not released: {unreleased(cluster)}")
    return found


def count_notices(cluster, flow, wrong):
    """Every job that has ended has one CloudEvent: repeated perhaps, but with one id."""
    ids = {}
    for _, _, key, value in cluster.read("events"):
        ids.setdefault(key.decode(), set()).add(json.loads(value)["id"])
    ended = [job for job, row in rows(cluster, list(flow.expected)).items() if row.get("status") in FINAL]
    for job in ended:
        if len(ids.get(job, ())) != 1:
            wrong.setdefault(job, f"has {len(ids.get(job, ()))} CloudEvents: {ids.get(job)}")


def test_no_accepted_job_is_lost_or_done_twice(services):
    seed = int(os.environ.get("CHAOS_SEED", random.SystemRandom().randrange(1 << 32)))
    dice, port = random.Random(seed), service_kit.free_port()
    print(f"CHAOS_SEED={seed}", flush=True)
    with Cluster(ORCH_SCAN_MS=5000, MILLRACE_REDIS_TIMEOUT_MS=2000) as cluster:
        source = f"in/default/{cluster.prefix}.jpg"
        Storage().put(source, picture())
        fleet = Fleet(cluster, services, dice, port)
        fleet.start_all()
        cluster.http("PUT", "/v1/workflows/chaos-noop", NOOP)
        flow = Flow(cluster, port, source).start()
        try:
            end = time.monotonic() + SECONDS
            next_fault = time.monotonic() + 1
            while time.monotonic() < end:
                fleet.tend()
                if time.monotonic() >= next_fault:
                    fleet.one_fault()
                    next_fault = time.monotonic() + dice.uniform(1, 3)
                time.sleep(0.05)
            fleet.all_up()
        finally:
            flow.ends_by = time.monotonic() + 60
            flow.end()
        fleet.say("all is up, the flow has ended")
        wrong = judge(cluster, flow)
        fleet.say("judged")
        count_notices(cluster, flow, wrong)
        left = leftovers(cluster, wrong) + fleet.alarms() + fleet.wrong
        print(f"accepted {len(flow.accepted)} of {len(flow.expected)} jobs, {len(wrong)} wrong")
        if wrong or left:
            print("\n".join(fleet.timeline))
            for job, why in list(wrong.items())[:20]:
                print(f"WRONG {job}: {why}")
            for job in list(wrong)[:TRACED_MAX]:
                print(f"---- trace of {job}\n{cluster.trace(job)}")
        assert len(flow.accepted) > SECONDS
        assert not wrong and not left, f"CHAOS_SEED={seed}: {len(wrong)} jobs are wrong, left over: {left}"
