"""services.py -- real Kafka, Redis and MinIO for tests, by deploy/services, on ports and in folders of their own.

    with Services(only=("kafka", "redis")) as services:
        os.environ.update(services.env())
        services.kill("redis")      # kill -9
        services.start("redis")     # comes back with its data

What a test leaves running is stopped by the runner: everything lies under build/test-services.
"""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
HOME = TREE / "build" / "test-services"
ALL = ("kafka", "redis", "minio")


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(wish=None, count=1):
    """A port such that it and the count - 1 after it are free; wish where that is so.

    Below 32768, where the kernel does not take ports for outgoing connections."""
    if wish and all(port_is_free(wish + i) for i in range(count)):
        return wish
    for _ in range(500):
        port = random.randrange(20000, 32000)
        if all(port_is_free(port + i) for i in range(count)):
            return port
    raise RuntimeError("no free port between 20000 and 32000")


def temp_dir(prefix="t-"):
    """A new folder under build/test-services, which the runner empties."""
    HOME.mkdir(parents=True, exist_ok=True)
    return pathlib.Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-{prefix}", dir=HOME))


class Services:
    """One set of services.  Ports are chosen here and stay over kill and start."""

    def __init__(self, only=ALL, data=None, appendfsync="always", notify=None, no_flush=False, wish=(None, None, None)):
        self.only = tuple(only)
        self.data = pathlib.Path(data) if data else temp_dir("services-")
        self.kafka_port = free_port(wish[0], 2)
        self.redis_port = free_port(wish[1])
        self.minio_port = free_port(wish[2])
        self.options = ["--appendfsync", appendfsync]
        if notify:
            self.options += ["--notify", notify]
        if no_flush:
            self.options += ["--no-flush"]

    def _call(self, verb, *args):
        try:
            done = subprocess.run(
                [str(TREE / "deploy" / "services"), verb, *args, "--data", str(self.data)], check=False, timeout=900,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        except subprocess.TimeoutExpired as late:
            raise RuntimeError(f"deploy/services {verb} did not end within 900 s") from late
        if done.returncode != 0:
            raise RuntimeError(f"deploy/services {verb}: {done.stderr.strip()}")
        return done.stdout

    def start(self, *names):
        self._call("start", "--only", ",".join(names or self.only), *self.options,
                   "--kafka-port", str(self.kafka_port), "--redis-port", str(self.redis_port),
                   "--minio-port", str(self.minio_port))
        return self

    def stop(self, *names):
        self._call("stop", "--only", ",".join(names or self.only))

    def kill(self, *names):
        """kill -9; returns when the processes are gone."""
        self._call("kill", *names)

    def restart(self, *names):
        self.stop(*names)
        self.start(*names)

    def pid(self, name):
        return int((self.data / name / "pid").read_text().split()[0])

    def env(self):
        """The MILLRACE_* variables that lead programs and contract tests to these services."""
        lines = self._call("env").splitlines()
        found = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        keep = {"kafka": "MILLRACE_KAFKA_", "redis": "MILLRACE_REDIS_", "minio": "MILLRACE_S3_"}
        return {k: v for k, v in found.items() if any(k.startswith(keep[name]) for name in self.only)}

    def close(self):
        """Stops everything; the data goes too unless MILLRACE_KEEP is set."""
        self.stop(*ALL)
        if not os.environ.get("MILLRACE_KEEP"):
            shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop(*ALL)
            raise

    def __exit__(self, *_):
        self.close()


def sweep():
    """Stops and removes what test runs that are gone have left; folders begin with their maker's pid."""
    if not HOME.is_dir():
        return
    for folder in HOME.iterdir():
        maker = folder.name.split("-")[0]
        if maker.isdigit() and int(maker) != os.getpid() and os.path.exists(f"/proc/{maker}"):
            continue
        for conf in [folder / "services.conf", *folder.glob("*/services.conf")]:
            if conf.exists():
                subprocess.run([str(TREE / "deploy" / "services"), "stop", "--data", str(conf.parent)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if not os.environ.get("MILLRACE_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
