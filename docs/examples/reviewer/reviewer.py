#!/usr/bin/env python3
"""A desk for people who look at pictures: serves the class "moderation" of docs/examples/workflows/moderation.json.

    pip install confluent-kafka
    MILLRACE_KAFKA_BROKERS=localhost:9092 ./reviewer.py DESK

Each picture that waits is a file DESK/NAME.json, with its key and the job.  Whoever has looked writes the verdict,
{"verdict": "approve"}, {"verdict": "blur", "sigma": 12} or {"verdict": "refuse"}, to DESK/NAME.verdict.
The task is kept on the desk, not in the topic: it may lie there for a day, and a reviewer started again goes on with it.
"""
import json
import os
import pathlib
import signal
import sys
import time

from confluent_kafka import Consumer, Producer

BROKERS = os.environ.get("MILLRACE_KAFKA_BROKERS", "localhost:9092")
PREFIX = os.environ.get("MILLRACE_TOPICS", "millrace")


class Desk:
    def __init__(self, folder, producer):
        self.folder, self.producer, self.signs = pathlib.Path(folder), producer, {}
        self.folder.mkdir(parents=True, exist_ok=True)

    def lay(self, task):
        """Safe on the disk under its own name before the topic lets go of it."""
        name = f"{task['job']}.{task['seq']}.{task['attempt']}"
        paper = {"picture": task["input"]["picture"], "job": task["job"], "token": task["input"]["token"],
                 "heartbeat_ms": task.get("heartbeat_ms", 0),
                 "until": time.time() + task["timeout_ms"] / 1000 if task.get("timeout_ms") else None}
        with open(self.folder / f"{name}.new", "w", encoding="utf-8") as file:
            json.dump(paper, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self.folder / f"{name}.json")

    def send(self, paper, **answer):
        self.producer.produce(f"{PREFIX}.results", json.dumps({"v": 1, "token": paper["token"], "worker": "reviewer", **answer}),
                              key=paper["job"])
        return self.producer.flush(30) == 0

    def look_over(self):
        """Sends what has been decided, and signs of life for what has not: three in each heartbeat."""
        for path in self.folder.glob("*.json"):
            paper = json.loads(path.read_text(encoding="utf-8"))
            if paper["until"] and time.time() > paper["until"]:
                path.unlink()  # nobody waits for it any more
                continue
            verdict = path.with_suffix(".verdict")
            try:
                answer = {"output": json.loads(verdict.read_text(encoding="utf-8"))}
            except FileNotFoundError:
                answer = None
            except ValueError:
                continue  # it is being written
            if answer and self.send(paper, **answer):
                path.unlink()
                verdict.unlink()
            elif not answer and paper["heartbeat_ms"] and time.monotonic() >= self.signs.get(path, 0):
                self.signs[path] = time.monotonic() + paper["heartbeat_ms"] / 3000
                self.send(paper, heartbeat=True)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: reviewer.py DESK (a folder)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": f"{PREFIX}.worker.moderation",
                         "auto.offset.reset": "earliest", "enable.auto.commit": False,
                         "session.timeout.ms": 10000})
    desk = Desk(sys.argv[1], Producer({"bootstrap.servers": BROKERS}))
    consumer.subscribe([f"{PREFIX}.tasks.moderation"])
    while True:
        message = consumer.poll(0.5)
        if message is not None and not message.error():
            desk.lay(json.loads(message.value()))
            consumer.commit(message=message)
        desk.look_over()


if __name__ == "__main__":
    main()
