"""bench.py -- runs one work on the release build and prints one JSON line.

CPU is read from /proc before and after, for every process of the system: the broker and Redis too.
The load generator's is printed beside it and not counted."""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tests" / "lib"), str(TREE / "tests" / "bench")]
import fanout  # noqa: E402
import services as services_module  # noqa: E402

BUILD = TREE / "build" / "bench"
BIN = BUILD / "bin"
SHARDS = int(os.environ.get("MILLRACE_SHARDS", 4))
TICK = os.sysconf("SC_CLK_TCK")
WARM_JOBS = 60_000  # until then the broker's JIT compiler costs as much as its work


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def build(work):
    targets = {"advance": ["bench-load", "millrace-orchestrator"], "render": ["render_bench", "millrace-decoder"],
               "codec": ["render_bench"], "crash": ["crash_bench", "millrace-decoder"], "fanout": ["fanout_bench", "millrace-decoder"], "asl": ["asl_bench", "evaluator_bench", "millrace-evaluator"], "hostile": ["hostile_bench", "millrace-evaluator"],
               "pages": ["pages_bench"]}.get(work, ["bench-load", "millrace-orchestrator", "millrace-worker", "millrace-decoder"])
    say("building (release)")
    configure = ["cmake", "--preset", "release", "-B", str(BUILD), "-DMILLRACE_TESTS=ON"]
    subprocess.run(configure, cwd=TREE, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(BUILD), *targets], check=True, stdout=subprocess.DEVNULL)


def cpu_us(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 // TICK


def children(pid):
    listed = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def rss_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0


class Cluster:
    """Kafka, Redis, an orchestrator and, where wanted, a worker."""

    def __init__(self, worker):
        self.services = services_module.Services(only=("kafka", "redis"), appendfsync="always")
        self.worker = worker
        self.processes = {}

    def __enter__(self):
        self.services.__enter__()
        self.env = dict(os.environ, **self.services.env(), MILLRACE_BUS="kafka", MILLRACE_SHARDS=str(SHARDS),
                        MILLRACE_BLOB="dir", MILLRACE_BLOB_DIR=str(services_module.temp_dir("blob-")),
                        MILLRACE_LOG_LEVEL="warn", WORKER_SANDBOX="best", ORCH_EVALUATOR_SANDBOX="best")
        return self

    def __exit__(self, *exc):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        return self.services.__exit__(*exc)

    def start(self, *names):
        for name in names:
            self.processes[name] = subprocess.Popen([BIN / f"millrace-{name}"], env=self.env)

    def profile(self):
        """BENCH_PROFILE=orchestrator:FILE: perf record of one process, for whoever looks into a figure."""
        if os.environ.get("BENCH_PROFILE"):
            name, out = os.environ["BENCH_PROFILE"].split(":")
            subprocess.Popen(["perf", "record", "-q", "-g", "-e", "cpu-clock", "-F", "499", "-o", out,
                              "-p", str(self.pids()[name]), "sleep", "8"])

    def load(self, *args):
        done = subprocess.run([BIN / "bench-load", *map(str, args)], env=self.env, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def pids(self):
        found = {name: process.pid for name, process in self.processes.items()}
        for name in ("kafka", "redis"):
            found[name] = self.services.pid(name)
        return found

    def cpu(self):
        total = {name: cpu_us(pid) for name, pid in self.pids().items()}
        if "worker" in total:
            total["worker"] += sum(cpu_us(child) for child in children(self.pids()["worker"]))
        return total

    def threads(self):
        """CPU by process and kind of thread, for whoever looks into a figure: {(process, thread): us}."""
        spent = {}
        for name, pid in self.pids().items():
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                fields = (task / "stat").read_text()
                kind = (name, re.sub(r"[-#:]?\d+.*$", "", (task / "comm").read_text().strip()))
                us = sum(int(field) for field in fields.rsplit(")", 1)[1].split()[11:13]) * 1_000_000 // TICK
                spent[kind] = spent.get(kind, 0) + us
        return spent

    def redis(self):
        import redis
        return redis.Redis(port=self.services.redis_port)

    def closed(self):
        client = self.redis()
        return sum(client.zcard(f"mr:{{{s}}}:closed:SUCCEEDED") for s in range(SHARDS))

    def wait_closed(self, want, limit=300):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if self.closed() >= want:
                return
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise SystemExit(f"bench: {name} ended with {process.returncode}")
            time.sleep(0.02)
        raise SystemExit(f"bench: {self.closed()} of {want} jobs closed in {limit} s")


def line(work, jobs, seconds, before, after, cluster, load, **more):
    spent = {name: after[name] - before.get(name, 0) for name in after}
    latency = more.pop("latency", None) or {}
    print(json.dumps({
        "work": work, "jobs": jobs, "jobs_per_s": round(jobs / seconds),
        "cpu_us_per_job": round(sum(spent.values()) / jobs, 1),
        "by_process": {name: round(us / jobs, 1) for name, us in sorted(spent.items())},
        "rss_mib": {name: rss_mib(pid) for name, pid in sorted(cluster.pids().items())},
        "p50_ms": latency.get("p50_ms"), "p99_ms": latency.get("p99_ms"), **more,
        "load_cpu_us_per_job": round(load["cpu_ms"] * 1000 / jobs, 1) if load else None,
        "settings": {"shards": SHARDS, "appendfsync": "always", "cores": os.cpu_count(), "build": "release",
                     "linger_ms": os.environ.get("MILLRACE_KAFKA_LINGER_MS", "default")},
    }))


def advance(n=200_000):
    """A filled log drained; a transition is one event applied."""
    with Cluster(worker=False) as cluster:
        say(f"filling the log with {2 * n} events")
        load = cluster.load("fill", n)
        say("draining")
        before = cluster.cpu()
        start = time.monotonic()
        cluster.start("orchestrator")
        cluster.profile()
        cluster.wait_closed(n)
        seconds = time.monotonic() - start
        line("advance", 2 * n, seconds, before, cluster.cpu(), cluster, load,
             transitions_per_s=round(2 * n / seconds))


def say_threads(before, after, jobs):
    """On stderr: where the microseconds of a job go, by thread."""
    spent = {kind: (us - before.get(kind, 0)) / jobs for kind, us in after.items()}
    for kind, us in sorted(spent.items(), key=lambda item: -item[1]):
        if us >= 0.5:
            say(f"{us:7.1f} us  {kind[0]:13} {kind[1]}")


def latencies(cluster, prefix, n):
    """From stored in the log to closed, of a sample of rows."""
    client = cluster.redis()
    times = []
    for s in range(SHARDS):
        for job in client.zrange(f"mr:{{{s}}}:closed:SUCCEEDED", 0, -1)[:: max(1, n // 2000)]:
            if not job.decode().startswith(prefix):
                continue
            created, ended = client.hmget(f"mr:{{{s}}}:job:{job.decode()}", "created", "ended")
            times.append(int(ended) - int(created))
    times.sort()
    return {"p50_ms": statistics.median(times), "p99_ms": times[len(times) * 99 // 100]} if times else {}


def jobs(work, n):
    with Cluster(worker=True) as cluster:
        say("warming up")
        cluster.start("orchestrator", "worker")
        warm = max(WARM_JOBS, n // 5)
        cluster.load(work, warm, "warm")
        cluster.wait_closed(warm)
        say(f"{n} jobs")
        cluster.profile()
        before, threads = cluster.cpu(), cluster.threads()
        start = time.monotonic()
        load = cluster.load(work, n, "bench")
        cluster.wait_closed(warm + n)
        seconds = time.monotonic() - start
        say_threads(threads, cluster.threads(), n)
        line(work, n, seconds, before, cluster.cpu(), cluster, load, latency=latencies(cluster, "bench", n))


def single(n=300):
    with Cluster(worker=True) as cluster:
        cluster.start("orchestrator", "worker")
        say("warming up")
        cluster.load("single", 100, "warm")
        before = cluster.cpu()
        start = time.monotonic()
        load = cluster.load("single", n, "bench")
        seconds = time.monotonic() - start
        line("single", n, seconds, before, cluster.cpu(), cluster, load, latency=load)


def picture(work, *args):
    done = subprocess.run([BUILD / "bin" / "render_bench", work, *args], check=True, capture_output=True, text=True)
    print(done.stdout.strip())


def language(*args):
    """Step, validation, memory; and three JSONata expressions of one state, exchange included."""
    done = subprocess.run([BUILD / "bin" / "asl_bench", *args], check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout)
    done = subprocess.run([BUILD / "bin" / "evaluator_bench", "20000", BIN / "millrace-evaluator"], check=True,
                          capture_output=True, text=True)
    figures["three_expressions_us"] = float(re.search(r"included: ([0-9.]+) us", done.stdout).group(1))
    print(json.dumps(figures))


def main():
    work, args = sys.argv[1], sys.argv[2:]
    build(work)
    if work == "advance":
        advance(*map(int, args))
    elif work in ("noop", "steps"):
        jobs(work, int(args[0]) if args else 50_000)
    elif work == "single":
        single(*map(int, args))
    elif work in ("render", "codec") and len(args) >= 3:
        picture(work, *args)
    elif work == "crash":
        subprocess.run([BUILD / "bin" / "crash_bench", *args], check=True)
    elif work == "fanout" and args:
        fanout.run(BUILD, TREE, say, *args)
    elif work == "hostile":
        subprocess.run([BUILD / "bin" / "hostile_bench", *(args or ["3"]), BIN / "millrace-evaluator"], check=True)
    elif work == "asl":
        language(*args)
    elif work == "pages":
        with tempfile.TemporaryDirectory(dir=BUILD) as folder:
            subprocess.run([BUILD / "bin" / "pages_bench", folder, *args], check=True)
    else:
        raise SystemExit("bench: unknown work; see tests/bench/run --help")


if __name__ == "__main__":
    main()
