"""fleet.py -- the programs of a cluster as an operator's supervisor keeps them: each in its place, started again when it
ends. And what can happen to them and to the services they stand on, each by one call."""

import contextlib
import os
import pathlib
import re
import signal
import time

from cluster import Cluster

RESTART_S = 0.5  # a supervisor's pause before it starts again what has ended


class Place:
    """One program's place in the cluster: a restart takes it again, with the same name."""

    def __init__(self, kind, name, settings):
        self.kind, self.name, self.settings = kind, name, settings
        self.program = None
        self.ours = None  # the signal that we have sent to it
        self.start_at = 0.0
        self.resume_at = None


class Fleet:
    SERVES = {**Cluster.READY, "orchestrator": "orchestrator.ready"}  # what a program says once it runs

    def __init__(self, cluster, services, random, gateway_port):
        self.cluster, self.services, self.random = cluster, services, random
        self.began = time.monotonic()
        self.timeline, self.wrong = [], []
        self.away = {}  # service -> when it comes back
        self.places = [Place("orchestrator", f"o{i}", {"ORCH_ID": f"o{i}"}) for i in range(2)]
        self.places += [Place("worker", f"w{i}", {"WORKER_ID": f"w{i}"}) for i in range(2)]
        self.places += [Place("gateway", "g0", {"GATEWAY_LISTEN": f"127.0.0.1:{gateway_port}"})]

    def say(self, text):
        self.timeline.append(f"{time.monotonic() - self.began:7.2f} {text}")

    # ---- keeping them running

    def start_all(self):
        for place in self.places:
            place.program = self.cluster.start(place.kind, **place.settings)

    def tend(self):
        """Brings back what is due; called often."""
        now = time.monotonic()
        for name in [name for name, due in self.away.items() if due <= now]:
            self.say(f"{name} starts")
            self.services.start(name)
            del self.away[name]
            self.say(f"{name} is back")
        for place in self.places:
            if place.resume_at and place.resume_at <= now:
                place.resume_at = None
                self.say(f"{place.name} SIGCONT")
                place.program.signal(signal.SIGCONT)
            if place.program and place.program.process.poll() is not None:
                self.note_end(place)
                place.program, place.ours, place.start_at = None, None, max(place.start_at, now + RESTART_S)
            if not place.program and place.start_at <= now:
                place.program = self.cluster.start(place.kind, ready=False, **place.settings)
                self.say(f"{place.name} starts: {place.program.log.name}")

    def note_end(self, place):
        status = place.program.process.returncode
        asked = place.ours and status in (0, -place.ours)
        # What it needs may be away while it starts: it says so and ends. Once it runs, it waits for that.
        start_failed = status == 1 and self.SERVES[place.kind] not in place.program.text()
        self.say(f"{place.name} ended with {status}" + (", it could not start" if start_failed else ""))
        if not asked and not start_failed:
            self.wrong.append(f"{place.program.log}: ended with {status}, and nobody asked it to: {place.program.text()[-500:]}")

    def all_up(self, limit=90):
        """Nothing is done to them any more: all come back, and stay."""
        end = time.monotonic() + limit
        for place in self.places:
            place.start_at = 0.0
            place.resume_at = place.resume_at and 1e-9
        self.away = dict.fromkeys(self.away, 0.0)
        while True:
            self.tend()
            if all(place.program and self.SERVES[place.kind] in place.program.text() for place in self.places):
                return
            assert time.monotonic() < end, "not all programs came up again"
            time.sleep(0.1)

    # ---- what happens to them

    def running(self, *kinds):
        return [place for place in self.places
                if place.kind in kinds and place.program and not place.resume_at and place.program.process.poll() is None]

    def hit(self, place, number, words):
        place.ours = number
        place.start_at = time.monotonic() + self.random.uniform(0.0, 2.5)
        self.say(f"{place.name} {words}")
        place.program.signal(number)

    def kill_program(self):
        candidates = self.running("orchestrator", "orchestrator", "worker", "worker", "gateway")
        if candidates:
            self.hit(self.random.choice(candidates), signal.SIGKILL, "kill -9")

    def terminate_program(self):
        candidates = self.running("orchestrator", "worker", "gateway")
        if candidates:
            self.hit(self.random.choice(candidates), signal.SIGTERM, "SIGTERM")

    def stop_program(self):
        """Longer than its lease and its Kafka session, so that others have taken what was its own."""
        candidates = self.running("orchestrator", "worker")
        if candidates:
            self.sleep(self.random.choice(candidates), self.random.uniform(2.5, 5.0))

    def sleep(self, place, sleep_s):
        self.say(f"{place.name} SIGSTOP for {sleep_s:.1f} s")
        place.program.signal(signal.SIGSTOP)
        place.resume_at = time.monotonic() + sleep_s

    def stop_half_over_a_flush(self):
        """Whoever wakes up finds a Redis that was emptied and rebuilt, and others in its place."""
        orchestrators, workers, sleep_s = self.running("orchestrator"), self.running("worker"), self.random.uniform(2.5, 5.0)
        if len(orchestrators) == len(workers) == 2 and "redis" not in self.away:
            self.sleep(self.random.choice(orchestrators), sleep_s)
            self.sleep(self.random.choice(workers), sleep_s)
            self.flush_redis()

    def kill_decoder(self):
        found = [pid for place in self.running("worker") for pid in decoders(place.program.process.pid)]
        if found:
            pid = self.random.choice(found)
            self.say(f"decoder {pid} kill -9")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_service(self, name, away_s):
        if not self.away:
            self.say(f"{name} kill -9")
            self.services.kill(name)
            self.away[name] = time.monotonic() + self.random.uniform(0.0, away_s)

    def kill_redis(self):
        self.kill_service("redis", 3.0)

    def kill_kafka(self):
        self.kill_service("kafka", 1.0)

    def flush_redis(self):
        if "redis" not in self.away:
            self.say("FLUSHDB")
            self.cluster.redis.flushdb()

    # what, how often
    FAULTS = ((kill_program, 6), (stop_program, 4), (terminate_program, 3), (kill_decoder, 3), (flush_redis, 2),
              (stop_half_over_a_flush, 2), (kill_redis, 2), (kill_kafka, 1))

    def one_fault(self):
        only = os.environ.get("CHAOS_FAULTS")  # names by comma: to narrow a failure down
        chosen = [fault for fault in self.FAULTS if not only or fault[0].__name__ in only.split(",")]
        self.random.choices([fault for fault, _ in chosen], [weight for _, weight in chosen])[0](self)

    # ---- what they said

    def alarms(self):
        return [f"{program.log.name}: {line}" for program in self.cluster.programs for line in program.text().splitlines()
                if re.search(r"\bALARM\b|Sanitizer", line)]


def decoders(pid):
    """Every process below a worker: the decoders, and what their sandbox is made of."""
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        with contextlib.suppress(OSError):
            for child in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
                found.append(int(child))
                todo.append(int(child))
    return found
