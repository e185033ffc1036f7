"""flow.py -- a steady flow of jobs whose ends are known: over HTTP and by a Kafka producer, both as a careful client
does it. A job counts as accepted when its 202 or its delivery report came."""

import hashlib
import http.client
import io
import json
import threading
import time

import confluent_kafka
from PIL import Image

from cluster import ADMIN, NOOP, STEPS

TASK = {"Type": "Task", "Resource": "millrace:noop"}
NOBODY = {"Type": "Task", "Resource": "millrace:nobody", "Retry": [
    {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.5}]}
CAUGHT = {"StartAt": "A", "States": {  # no worker knows this task: three attempts, then what Catch says
    "A": {**NOBODY, "Catch": [{"ErrorEquals": ["Task.Unknown"], "ResultPath": "$.error", "Next": "B"}], "End": True},
    "B": {"Type": "Pass", "Parameters": {"i.$": "$.i", "error.$": "$.error.Error"}, "Next": "C"},
    "C": {**TASK, "End": True}}}
FAILS = {"StartAt": "A", "States": {"A": {**TASK, "Next": "B"}, "B": {**NOBODY, "End": True}}}
WAITS = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 4, "Next": "A"}, "A": {**TASK, "End": True}}}
EACH = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.list", "MaxConcurrency": 3, "End": True, "ItemProcessor": {
    "StartAt": "A", "States": {"A": {**TASK, "End": True}}}}}}
AGAIN = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 20, "BackoffRate": 1.0}]


def render(source):
    """A decoder that is killed fails its attempt; the job asks for another."""
    return {"StartAt": "R", "States": {"R": {"Type": "Task", "Resource": "millrace:image.render", "Retry": AGAIN, "End": True, "Parameters": {
        "source": {"key": source}, "ops": [{"op": "resize", "width": 160}],
        "outputs": [{"name": "small", "format": "jpeg"}, {"name": "tiny", "format": "webp", "ops": [{"op": "resize", "width": 40}]}]}}}}


def picture():
    out = io.BytesIO()
    Image.effect_noise((800, 600), 60).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


class Flow:
    def __init__(self, cluster, port, source, every_s=0.1):
        self.cluster, self.port, self.every_s = cluster, port, every_s
        self.accepted, self.expected = {}, {}  # job -> by which way; job -> (status, check of the row)
        self.render = render(source)
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.over_kafka), threading.Thread(target=self.over_http)]
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": cluster.brokers, "enable.idempotence": True, "message.timeout.ms": 120000, "linger.ms": 5})

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(90)
            assert not thread.is_alive(), "a client still waits for its answer"
        assert self.producer.flush(60) == 0, "delivery reports are missing"

    def job(self, way, n):
        """The n-th job of a way: its message; what it must come to is remembered."""
        job, data = f"{way}-{n:06}", {"i": n}
        if n % 10 == 0:
            expected, body = ("SUCCEEDED", None), {"definition": self.render}
        elif n % 10 == 1:
            expected, body = ("SUCCEEDED", {"i": n, "error": "Task.Unknown"}), {"definition": CAUGHT}
        elif n % 10 == 2:
            expected, body = ("FAILED", "Task.Unknown"), {"definition": FAILS}
        elif n % 10 == 3:
            expected, body = ("SUCCEEDED", data), {"definition": WAITS}
        elif n % 10 == 4:
            expected, body = ("SUCCEEDED", list(range(7))), {"definition": EACH}
            data = {"list": list(range(7))}
        elif n % 10 == 5:
            expected, body = ("SUCCEEDED", data), {"definition": NOOP}
        elif n % 10 == 6:
            expected, body = ("SUCCEEDED", data), {"workflow": "chaos-noop"}
        else:
            expected, body = ("SUCCEEDED", [data, data]), {"definition": STEPS}
        self.expected[job] = expected
        return job, {"id": job, "input": data, **body}

    def over_kafka(self):
        n = 0
        while not self.stop.wait(self.every_s):
            job, body = self.job("k", n)

            def reported(error, _, job=job):
                if not error:
                    self.accepted[job] = "delivery report"
            self.producer.produce(f"{self.cluster.prefix}.jobs", json.dumps(body), job, on_delivery=reported)
            self.producer.poll(0)
            n += 1

    def over_http(self):
        """One at a time, asked again with its own id until there is an answer."""
        n = 0
        while not self.stop.wait(self.every_s):
            job, body = self.job("h", n)
            text = json.dumps(body)
            while True:
                status, answer = self.post(text)
                if status == 202:
                    self.accepted[job] = "202"
                    break
                if status not in (0, 503, 504):
                    self.accepted[job] = f"refused: {status} {answer[:300]}"
                    break
                if self.stop.is_set() and time.monotonic() > self.ends_by:
                    break
                time.sleep(0.3)
            n += 1

    ends_by = float("inf")

    def post(self, text):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", "/v1/jobs", text, {"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    # ---- judging

    def row_is_wrong(self, job, row, get):
        """None, or what is wrong with the row of a job that has ended; get(key) gives a stored object."""
        status, result = self.expected[job]
        if row.get("status") != status:
            return f"is {row.get('status')}, not {status}"
        if row["steps_entered"] != row["steps_done"] and status == "SUCCEEDED":
            return f"entered {row['steps_entered']} steps and left {row['steps_done']}"
        if status == "FAILED":
            return None if row["error"] == result else f"its error is {row['error']}, not {result}"
        output = json.loads(row["output"])
        if result is not None:
            return None if output == result else f"its output is {row['output']}, not {json.dumps(result)}"
        for name in ("small", "tiny"):
            said = output["outputs"][name]
            body = get(said["key"])
            if body is None:
                return f"{said['key']} is not stored"
            if hashlib.sha256(body).hexdigest() != said["sha256"] or len(body) != said["bytes"]:
                return f"{said['key']} is not what its result says"
        return None
