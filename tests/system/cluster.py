"""cluster.py -- one cluster of real programs on the group's real Kafka, Redis and MinIO: topics of its own by their
prefix, a Redis database of its own, a folder for logs. What a test starts is ended with it."""

import base64
import contextlib
import itertools
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

import confluent_kafka
import confluent_kafka.admin
import redis

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests" / "lib"))
import services as service_kit  # noqa: E402

BIN = pathlib.Path(os.environ.get("MILLRACE_BIN") or pathlib.Path(os.environ.get("MILLRACE_BUILD", TREE / "build" / "dev")) / "bin")
SHARDS = 2
ADMIN = "mrk_system_test_admin_key_0123456789"
FINAL = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}

NOOP = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "millrace:noop", "End": True}}}
STEPS = {"StartAt": "A", "States": {
    "A": {"Type": "Task", "Resource": "millrace:noop", "Next": "W"},
    "W": {"Type": "Wait", "Seconds": 1, "Next": "P"},
    "P": {"Type": "Parallel", "Next": "Z", "Branches": [
        {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "millrace:noop", "End": True}}},
        {"StartAt": "C", "States": {"C": {"Type": "Task", "Resource": "millrace:noop", "End": True}}}]},
    "Z": {"Type": "Task", "Resource": "millrace:noop", "End": True}}}

_databases = itertools.count(1)


def shard_of(job, shards=SHARDS):
    """Kafka's murmur2, as orchestrator and gateway place jobs."""
    data, seed, m, mask = job.encode(), 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF
    h = (seed ^ len(data)) & mask
    for i in range(0, len(data) // 4 * 4, 4):
        k = int.from_bytes(data[i:i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    rest = data[len(data) // 4 * 4:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    h ^= h >> 15
    return (h & 0x7FFFFFFF) % shards


def wait_until(what, limit=30.0, step=0.03):
    """Waits until what() gives something true, and gives it."""
    end = time.monotonic() + limit
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {getattr(what, '__name__', what)}")
        time.sleep(step)


class Program:
    def __init__(self, cluster, name, env):
        self.cluster, self.name = cluster, name
        self.log = cluster.folder / f"{name}-{len(cluster.programs)}.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen([BIN / f"millrace-{name}"], env=env, stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL)

    def text(self):
        return self.log.read_text(errors="replace")

    def says(self, words, limit=30.0):
        def it_says():
            if words in self.text():
                return True
            assert self.process.poll() is None or words in self.text(), f"{self.name} ended: {self.text()[-2000:]}"
            return False
        it_says.__name__ = f"{self.name} says {words}: {self.log}"
        wait_until(it_says, limit)
        return self

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait(20)

    def died(self, limit=40.0):
        """Waits for its end and gives the signal that ended it (negative returncode)."""
        self.process.wait(limit)
        return -self.process.returncode

    def end(self):
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGCONT)
                self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


class Cluster:
    READY = {"orchestrator": "shard.live", "worker": "worker.ready", "gateway": "gateway.listening"}

    def __init__(self, **settings):
        self.prefix = "t" + uuid.uuid4().hex[:8]
        self.folder = service_kit.temp_dir(self.prefix + "-")
        self.database = next(_databases) % 15 + 1
        url = os.environ["MILLRACE_REDIS_URL"].rsplit("/", 1)[0]
        self.redis = redis.Redis.from_url(f"{url}/{self.database}", decode_responses=True)
        self.redis.flushdb()
        self.env = dict(os.environ, MILLRACE_TOPICS=self.prefix, MILLRACE_BUS="kafka", MILLRACE_REDIS_URL=f"{url}/{self.database}",
                        MILLRACE_BLOB="s3", MILLRACE_SHARDS=str(SHARDS), MILLRACE_TASK_PARTITIONS="2",
                        MILLRACE_KAFKA_SESSION_MS="2000", ORCH_LEASE_MS="1500", ORCH_TAKE_RETRY_MS="100",
                        WORKER_SANDBOX="best", ORCH_EVALUATOR_SANDBOX="best", WORKER_SLOTS="2", GATEWAY_ADMIN_KEY=ADMIN, GATEWAY_LISTEN="127.0.0.1:0",
                        **{name: str(value) for name, value in settings.items()})
        self.brokers = os.environ["MILLRACE_KAFKA_BROKERS"]
        self.programs = []
        self._producer = None
        self.url = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for program in reversed(self.programs):
            program.end()
        if kind:
            for program in self.programs:
                print(f"---- {program.log.name}\n{program.text()[-3000:]}")
        self.redis.close()

    # ---- programs

    def start(self, name, ready=True, **settings):
        program = Program(self, name, dict(self.env, **{key: str(value) for key, value in settings.items()}))
        self.programs.append(program)
        if ready:
            program.says(self.READY[name])
            if name == "orchestrator":
                wait_until(lambda: self.redis.exists(*[f"mr:{{{s}}}:pos" for s in range(SHARDS)]) == SHARDS)
        if name == "gateway" and ready:
            line = next(line for line in program.text().splitlines() if "gateway.listening" in line)
            self.url = "http://127.0.0.1:" + line.split("port=")[1].split()[0]
            wait_until(lambda: self.http("GET", "/readyz", key=None, check=False)[0] == 200)
        return program

    # ---- Kafka

    @property
    def producer(self):
        if not self._producer:
            self._producer = confluent_kafka.Producer({"bootstrap.servers": self.brokers, "enable.idempotence": True,
                                                       "message.max.bytes": 4000000})
        return self._producer

    def produce(self, topic, value, key=None, partition=None):
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        more = {} if partition is None else {"partition": partition}
        self.producer.produce(f"{self.prefix}.{topic}", raw, key, **more)
        assert self.producer.flush(20) == 0

    def submit(self, job, **body):
        self.produce("jobs", {"id": job, **body}, job)
        return job

    def read(self, topic):
        """Every message of a topic from its start to its end now: (partition, offset, key, value)."""
        name = f"{self.prefix}.{topic}"
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.brokers, "group.id": uuid.uuid4().hex,
                                             "enable.auto.commit": False})
        found = []
        try:
            partitions = consumer.list_topics(name, 10).topics[name].partitions
            for partition in partitions:
                place = confluent_kafka.TopicPartition(name, partition)
                low, high = consumer.get_watermark_offsets(place, 10)
                if low == high:
                    continue
                place.offset = low
                consumer.assign([place])
                while True:
                    message = consumer.poll(10)
                    assert message is not None and not message.error(), message and message.error()
                    found.append((partition, message.offset(), message.key(), message.value()))
                    if message.offset() >= high - 1:
                        break
        finally:
            consumer.close()
        return found

    def delete_records(self, topic, partition, before):
        """What a retention gone wrong does. Kafka's DeleteRecords (key 21, version 1), which the Python client lacks."""
        name = f"{self.prefix}.{topic}".encode()
        body = struct.pack(">hhih4s", 21, 1, 1, 4, b"test") + struct.pack(f">ih{len(name)}sii", 1, len(name), name, 1, partition)
        body += struct.pack(">qi", before, 10000)
        host, port = self.brokers.split(":")
        with socket.create_connection((host, int(port)), 10) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            answer = b""
            while len(answer) < 4 or len(answer) < 4 + struct.unpack(">i", answer[:4])[0]:
                more = connection.recv(4096)
                assert more, "the broker hung up"
                answer += more
        low, error = struct.unpack(">qh", answer[-10:])
        assert error == 0 and low == before, (low, error)

    def letters(self):
        return [json.loads(value) for _, _, _, value in self.read("dlq")]

    def notices(self, job):
        """Ids of the CloudEvents of a job: a repeated one counts once."""
        events = [json.loads(value) for _, _, key, value in self.read("events") if key == job.encode()]
        return {event["id"]: event["type"] for event in events}

    # ---- Redis

    def row(self, job):
        return self.redis.hgetall(f"mr:{{{shard_of(job)}}}:job:{job}")

    def ended(self, job, limit=60.0):
        def has_ended():
            row = self.row(job)
            return row if row.get("status") in FINAL else None
        try:
            return wait_until(has_ended, limit)
        except AssertionError:
            raise AssertionError(f"{job} has not ended in {limit} s: {self.trace(job)}") from None

    def trace(self, job):
        """What every topic says of a job, for the report of a failed test."""
        lines = [f"row {self.row(job)}", f"groups {self.released()}"]
        for topic in ("jobs", "log", "tasks.io", "tasks.image", "events"):
            lines += [f"{topic} {partition}/{offset} {value[:200]}" for partition, offset, _, value in self.read(topic)
                      if job.encode() in value]
        lines += [f"dlq {letter['reason']} {letter['error']}" for letter in self.letters()
                  if letter.get("job") == job or job.encode() in base64.b64decode(letter.get("bytes", ""))]
        return "\n".join(lines)

    def released(self):
        """How far each group has released its topic."""
        found = {}
        for group, topic in ((f"{self.prefix}.admit", "jobs"), (f"{self.prefix}.worker.io", "tasks.io")):
            consumer = confluent_kafka.Consumer({"bootstrap.servers": self.brokers, "group.id": group})
            places = [confluent_kafka.TopicPartition(f"{self.prefix}.{topic}", partition) for partition in (0, 1)]
            found[topic] = [place.offset for place in consumer.committed(places, 10)]
            consumer.close()
        return found

    def outbox_is_empty(self, limit=15.0):
        def outbox_empty():
            return all(self.redis.hlen(f"mr:{{{s}}}:outbox") == 0 for s in range(SHARDS))
        wait_until(outbox_empty, limit)

    # ---- HTTP

    def http(self, method, path, body=None, key=ADMIN, check=True, headers=None):
        """(status, parsed body or bytes)"""
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=raw, method=method)
        if raw is not None and not isinstance(body, bytes):
            request.add_header("Content-Type", "application/json")
        if isinstance(body, bytes):
            request.add_header("Content-Type", "application/octet-stream")
        if key:
            request.add_header("Authorization", f"Bearer {key}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as problem:
            status, text = problem.code, problem.read()
        except OSError:
            if check:
                raise
            return 0, b""
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = text
        assert not check or status < 400, (status, parsed)
        return status, parsed
