"""test_worker.py -- the worker on real Kafka, MinIO and Redis, with real pictures, and killed at every step.

Tasks are written straight to millrace.tasks.<class>, as the orchestrator would; answers are read from millrace.log."""

import concurrent.futures
import contextlib
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import uuid

import boto3
import jsonschema
import pytest
import redis
from botocore.config import Config
from confluent_kafka import Consumer, Producer, TopicPartition
from PIL import Image

TREE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("MILLRACE_BUILD", TREE / "build" / "dev")) / "bin"
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in (TREE / "docs" / "schemas").glob("*.json")}
WAIT_S = 60

needs_services = pytest.mark.skipif("MILLRACE_S3_ENDPOINT" not in os.environ or "MILLRACE_KAFKA_BROKERS" not in os.environ,
                                    reason="needs Kafka, Redis and MinIO: tests/run system")
pytestmark = needs_services


def until(what, check, wait_s=WAIT_S):
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"no {what} within {wait_s} s")


class Cluster:
    """Topics of its own on the services of the group, and whoever reads and writes them."""

    def __init__(self, folder):
        self.folder = folder
        self.prefix = f"t{uuid.uuid4().hex[:8]}"
        self.brokers = os.environ["MILLRACE_KAFKA_BROKERS"]
        self.producer = Producer({"bootstrap.servers": self.brokers})
        self.readers, self.seen, self.workers = {}, {}, []
        self.bucket = os.environ["MILLRACE_S3_BUCKET"]
        self.s3 = self.storage()

    @staticmethod
    def storage():
        return boto3.client("s3", endpoint_url=os.environ["MILLRACE_S3_ENDPOINT"], region_name=os.environ["MILLRACE_S3_REGION"],
                            aws_access_key_id=os.environ["MILLRACE_S3_ACCESS_KEY"],
                            aws_secret_access_key=os.environ["MILLRACE_S3_SECRET_KEY"],
                            config=Config(s3={"addressing_style": "path"}, proxies={}))

    def start(self, wait=True, **settings):
        number = len(self.workers)
        log = open(self.folder / f"{self.prefix}-{number}.log", "w+", encoding="utf-8")
        env = {**os.environ, "MILLRACE_TOPICS": self.prefix, "MILLRACE_BLOB": "s3", "WORKER_ID": f"{self.prefix}-{number}",
               "MILLRACE_LOG_LEVEL": "debug", "MILLRACE_KAFKA_SESSION_MS": "6000", "WORKER_SLOTS": "1", **settings}
        worker = subprocess.Popen([str(BIN / "millrace-worker")], env=env, stdin=subprocess.DEVNULL, stderr=log)
        worker.log = log
        worker.id = env["WORKER_ID"]
        self.workers.append(worker)
        if wait:
            until("worker.ready", lambda: "worker.ready" in self.lines(worker) or worker.poll() is not None)
            assert worker.poll() is None, self.lines(worker)
        return worker

    @staticmethod
    def lines(worker):
        return pathlib.Path(worker.log.name).read_text(encoding="utf-8")

    def read(self, topic):
        """All messages of a topic so far."""
        if topic not in self.readers:
            reader = Consumer({"bootstrap.servers": self.brokers, "group.id": f"test-{uuid.uuid4()}", "enable.auto.commit": False})
            partitions = reader.list_topics(topic, timeout=10).topics[topic].partitions
            reader.assign([TopicPartition(topic, p, 0) for p in partitions])
            self.readers[topic], self.seen[topic] = reader, []
        while (message := self.readers[topic].poll(0.05)) is not None:
            assert not message.error(), message.error()
            self.seen[topic].append(message)
        return self.seen[topic]

    def send(self, topic, value, key=None):
        self.producer.produce(f"{self.prefix}.{topic}", value if isinstance(value, bytes) else json.dumps(value), key=key)
        assert self.producer.flush(30) == 0

    def ask(self, job, kind, data, seq=1, attempt=1, step="Render.1", **more):
        task = {"v": 1, "job": job, "tenant": "shop", "step": step, "seq": seq, "attempt": attempt,
                "token": f"{job}.{seq}.{attempt}.{'0' * 32}", "type": kind, "input": data, **more}
        jsonschema.validate(task, SCHEMAS["task"])
        self.send(f"tasks.{'image' if kind.startswith('image.') else 'io'}", task, key=job)

    def answers(self, job):
        """Results of a job in the log, oldest first; every one fits the schema."""
        events = [json.loads(message.value()) for message in self.read(f"{self.prefix}.log")]
        for event in events:
            jsonschema.validate(event, SCHEMAS["event"])
        return [event for event in events if event["token"].startswith(f"{job}.")]

    def answer(self, job, n=1, wait_s=WAIT_S):
        return until(f"answer of {job}", lambda: len(found := self.answers(job)) >= n and found, wait_s)[n - 1]

    def put(self, key, body):
        # boto waits half a minute on a connection that has put an empty body before: one of its own each time
        self.storage().put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=body)
        return {"key": f"{self.prefix}/{key}"}

    def get(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def close(self):
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
            worker.log.close()
        for reader in self.readers.values():
            reader.close()


@contextlib.contextmanager
def a_cluster(folder):
    cluster = Cluster(folder)
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with a_cluster(tmp_path_factory.mktemp("worker")) as found:
        found.start(WORKER_SLOTS="2")
        yield found


def picture(width=200, height=100, form="PNG"):
    out = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(out, form)
    return out.getvalue()


def recipe(source, **output):
    return {"source": source, "ops": [{"op": "resize", "width": 50}],
            "outputs": [{"name": "small", "format": "jpeg", **output}]}


def test_a_render_is_stored_and_answered(cluster):
    cluster.ask("render-1", "image.render", recipe(cluster.put("in/a.png", picture())))
    output = cluster.answer("render-1")["output"]
    small = output["outputs"]["small"]
    assert small["key"] == "out/render-1/Render.1/small.jpg"
    assert (small["width"], small["height"], small["format"]) == (50, 25, "jpeg")
    assert output["source"]["width"] == 200 and output["source"]["format"] == "png"
    body = cluster.get(small["key"])
    assert len(body) == small["bytes"] and Image.open(io.BytesIO(body)).size == (50, 25)


def test_an_inspect_says_what_it_is(cluster):
    cluster.ask("inspect-1", "image.inspect", {"source": cluster.put("in/b.jpg", body := picture(form="JPEG"))})
    output = cluster.answer("inspect-1")["output"]
    assert (output["format"], output["width"], output["height"], output["bytes"]) == ("jpeg", 200, 100, len(body))


def test_a_manifest_lists_the_outputs(cluster):
    cluster.ask("manifest-1", "image.render", recipe(cluster.put("in/c.png", picture())))
    rendered = cluster.answer("manifest-1")["output"]
    cluster.ask("manifest-1", "manifest", rendered, seq=2, step="Manifest.1")
    answer = cluster.answer("manifest-1", 2)["output"]
    body = json.loads(cluster.get(answer["key"]))
    assert answer["count"] == 1 and body["outputs"][0]["key"] == rendered["outputs"]["small"]["key"]


@pytest.mark.parametrize("job,body,error", [("corrupt-1", picture()[:300], "Image.Corrupt"),
                                            ("unsupported-1", b"not a picture", "Image.Unsupported"),
                                            ("empty-1", b"", "Image.Unsupported")])
def test_a_source_that_is_no_picture_is_named(cluster, job, body, error):
    cluster.ask(job, "image.render", recipe(cluster.put(f"in/{job}", body)))
    assert cluster.answer(job)["error"] == error


def test_a_source_that_is_not_there_is_named(cluster):
    cluster.ask("gone-1", "image.render", recipe({"key": "in/no-such.jpg"}))
    answer = cluster.answer("gone-1")
    assert answer["error"] == "Blob.NotFound" and "in/no-such.jpg" in answer["cause"]


def test_a_recipe_that_is_none_is_named_with_its_pointer(cluster):
    cluster.ask("recipe-1", "image.render", {"source": {"key": "a"}, "outputs": [{"name": "a", "qualty": 1}]})
    answer = cluster.answer("recipe-1")
    assert answer["error"] == "Recipe.Invalid" and "/outputs/0/qualty" in answer["cause"]


def test_a_second_run_reports_the_first_ones_object(cluster):
    source = cluster.put("in/d.png", picture())
    cluster.ask("twice-1", "image.render", recipe(source, quality=90))
    first = cluster.answer("twice-1")["output"]["outputs"]["small"]
    cluster.ask("twice-1", "image.render", recipe(source, quality=10), attempt=2)
    second = cluster.answer("twice-1", 2)["output"]["outputs"]["small"]
    assert (first["sha256"], first["bytes"]) == (second["sha256"], second["bytes"])
    assert len(cluster.get(first["key"])) == first["bytes"]


def test_poison_goes_to_the_dlq_and_the_next_is_served(cluster):
    cluster.send("tasks.io", b"\xff\xfe not json", key="poison-1")
    cluster.ask("poison-1", "noop", {"a": 1})
    assert cluster.answer("poison-1")["output"] == {"a": 1}
    letters = until("dead letter", lambda: cluster.read(f"{cluster.prefix}.dlq"))
    letter = json.loads(letters[0].value())
    jsonschema.validate(letter, SCHEMAS["dlq"])
    assert letter["reason"] == "MR_INVALID" and letter["topic"] == f"{cluster.prefix}.tasks.io"


def test_an_unknown_type_is_answered_with_the_known_ones(cluster):
    cluster.ask("unknown-1", "image.paint", {})
    answer = cluster.answer("unknown-1")
    assert answer["error"] == "Task.Unknown" and "image.render" in answer["cause"]


def test_its_sign_of_life_is_in_redis(cluster):
    server = redis.Redis.from_url(os.environ["MILLRACE_REDIS_URL"], decode_responses=True)
    row = until("sign of life", lambda: server.hgetall(f"mr:worker:{cluster.workers[0].id}"))
    assert row["slots"] == "2" and row["classes"] == "image,io" and "seccomp" in row["layers"]
    assert server.ttl(f"mr:worker:{cluster.workers[0].id}") > 0


# ---- tasks that take long ---------------------------------------------------------------------------------------

def slow(cluster, name):
    """Some seconds of work: a large picture, blurred widely."""
    body = cluster.folder / "slow.png"
    if not body.exists():
        body.write_bytes(picture(3000, 3000))
    return {"source": cluster.put(f"in/{name}", body.read_bytes()), "ops": [{"op": "blur", "sigma": 150}] * 8,
            "outputs": [{"name": "blurred", "format": "png"}]}


def children(worker):
    found = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def busy_child(worker):
    """The decoder that burns time."""
    def ticks(pid):
        try:
            return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11])
        except OSError:
            return 0

    def look():
        pids = [p for c in children(worker) for p in [c, *(int(w) for w in subprocess.run(
            ["pgrep", "-P", str(c)], capture_output=True, text=True, check=False).stdout.split())]]
        before = {pid: ticks(pid) for pid in pids}
        time.sleep(0.3)
        return next((pid for pid in pids if ticks(pid) - before[pid] > 15), None)
    return until("busy decoder", look)


def test_a_cancelled_task_is_stopped_and_not_answered(cluster):
    worker = cluster.workers[0]
    cluster.ask("cancel-1", "image.render", slow(cluster, "cancel.png"))
    busy_child(worker)
    cluster.send("control", {"v": 1, "k": "cancel", "job": "cancel-1", "seq": 1, "attempt": 1}, key="cancel-1")
    until("task.cancelled", lambda: "task.cancelled job=cancel-1" in cluster.lines(worker), 10)
    cluster.ask("cancel-1", "image.render", recipe(cluster.put("in/e.png", picture())), attempt=2)
    assert cluster.answer("cancel-1")["token"].startswith("cancel-1.1.2.")


def test_a_task_beyond_its_time_is_answered_with_image_timeout(cluster):
    cluster.ask("late-1", "image.render", slow(cluster, "late.png"), timeout_ms=1500)
    assert cluster.answer("late-1", wait_s=15)["error"] == "Image.Timeout"


def test_a_decoder_that_dies_fails_its_task_alone(cluster):
    cluster.ask("crash-1", "image.render", slow(cluster, "crash.png"))
    os.kill(busy_child(cluster.workers[0]), signal.SIGKILL)
    assert cluster.answer("crash-1", wait_s=15)["error"] == "Image.Crashed"
    cluster.ask("crash-2", "image.render", recipe(cluster.put("in/f.png", picture())))
    assert "output" in cluster.answer("crash-2")


# ---- the end, wanted and not ------------------------------------------------------------------------------------

def test_sigterm_finishes_what_runs_and_ends_well(tmp_path):
    with a_cluster(tmp_path) as own:
        worker = own.start()
        own.ask("drain-1", "image.render", slow(own, "drain.png") | {"ops": [{"op": "blur", "sigma": 50}]})
        busy_child(worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=40) == 0
        assert "output" in own.answer("drain-1", wait_s=5)
        assert "left=0" in own.lines(worker)


def test_a_second_sigterm_ends_at_once_and_leaves_the_task_to_others(tmp_path):
    with a_cluster(tmp_path) as own:
        worker = own.start()
        own.ask("left-1", "image.render", slow(own, "left.png"))
        child = busy_child(worker)
        worker.send_signal(signal.SIGTERM)
        until("drain", lambda: "worker.drain" in own.lines(worker))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=10) == 0
        until("end of the decoder", lambda: not os.path.exists(f"/proc/{child}"), 5)
        assert own.answers("left-1") == []
        own.put("in/left.png", picture())  # a lighter one, for the next worker
        own.start()
        assert "output" in own.answer("left-1")


POINTS = ("taken", "rendered", "stored", "answered", "reported", "released")


def killed_at(point, folder):
    """A worker that is killed at a step, then another one: the number of answers, and whether the object is theirs."""
    with a_cluster(folder) as own:
        worker = own.start(MILLRACE_FAIL_POINT=f"worker.{point}")
        own.ask("kill-1", "image.render", recipe(own.put("in/k.png", picture())))
        assert worker.wait(timeout=30) == -signal.SIGKILL
        until("end of its decoders", lambda: not children(worker), 5)
        own.start()
        answer = own.answer("kill-1")
        own.ask("kill-1", "noop", 1, seq=2)
        until("the task after it", lambda: any(a["token"].startswith("kill-1.2.") for a in own.answers("kill-1")))
        small = answer["output"]["outputs"]["small"]
        assert len(own.get(small["key"])) == small["bytes"]
        time.sleep(1)
        outputs = [a["output"]["outputs"]["small"]["sha256"] for a in own.answers("kill-1") if a["token"].startswith("kill-1.1.")]
        assert len(set(outputs)) == 1
        return len(outputs)


def test_killed_at_any_step_the_task_is_answered_by_the_next_worker(tmp_path):
    folders = {point: tmp_path / point for point in POINTS}
    for folder in folders.values():
        folder.mkdir()
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        counts = dict(zip(POINTS, pool.map(killed_at, POINTS, folders.values())))
    assert all(1 <= count <= 2 for count in counts.values()), counts
    assert counts["taken"] == counts["rendered"] == counts["stored"] == 1, counts


def test_the_example_worker_answers_and_releases(tmp_path):
    with a_cluster(tmp_path) as own:
        own.start(WORKER_CLASSES="hello")  # makes the topics
        own.workers[0].kill()
        example = subprocess.Popen([sys.executable, str(TREE / "docs/examples/python-worker/worker.py")],
                                   env={**os.environ, "MILLRACE_TOPICS": own.prefix}, stdin=subprocess.DEVNULL)
        own.workers.append(example)
        example.log = open(tmp_path / "example.log", "w", encoding="utf-8")
        for attempt, data in ((1, {"name": "world"}), (2, {})):
            own.send("tasks.hello", {"v": 1, "job": "hello-1", "step": "S.1", "seq": 1, "attempt": attempt, "type": "hello.greet",
                                     "token": f"hello-1.1.{attempt}.{'0' * 32}", "input": data}, key="hello-1")
        found = until("two results", lambda: len(r := own.read(f"{own.prefix}.results")) == 2 and r)
        results = [json.loads(message.value()) for message in found]
        for result in results:
            jsonschema.validate(result, SCHEMAS["result"])
        assert results[0]["output"] == {"greeting": "hello world", "attempt": 1}
        assert results[1]["error"] == "KeyError"
