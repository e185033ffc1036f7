#!/usr/bin/env python3
"""A custom worker: serves the class "hello", so a state's Resource is "millrace:hello.greet".

    pip install confluent-kafka
    MILLRACE_KAFKA_BROKERS=localhost:9092 ./worker.py

Nothing here is Millrace's but the two topics and the JSON in them: see docs/protocol.md.
"""
import json
import os
import signal
import sys

from confluent_kafka import Consumer, Producer

BROKERS = os.environ.get("MILLRACE_KAFKA_BROKERS", "localhost:9092")
PREFIX = os.environ.get("MILLRACE_TOPICS", "millrace")


def greet(task):
    return {"greeting": f"hello {task['input']['name']}", "attempt": task["attempt"]}


TYPES = {"hello.greet": greet}


def answer(task):
    try:
        return {"v": 1, "token": task["token"], "output": TYPES[task["type"]](task), "worker": "python"}
    except Exception as problem:  # the workflow's Retry and Catch see the name
        return {"v": 1, "token": task["token"], "error": type(problem).__name__, "cause": str(problem), "worker": "python"}


def delivered(problem, _message):
    if problem:  # not released: whoever is started next takes the task again
        raise SystemExit(f"the answer was not delivered: {problem}")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": f"{PREFIX}.worker.hello",
                         "auto.offset.reset": "earliest", "enable.auto.commit": False})
    producer = Producer({"bootstrap.servers": BROKERS})
    consumer.subscribe([f"{PREFIX}.tasks.hello"])
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        task = json.loads(message.value())
        producer.produce(f"{PREFIX}.results", json.dumps(answer(task)), key=task["job"], on_delivery=delivered)
        producer.flush()                  # first the answer, safe at the broker,
        consumer.commit(message=message)  # then the release: a crash repeats the task, never loses it


if __name__ == "__main__":
    main()
