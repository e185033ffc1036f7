"""embedded.py -- the embedded cluster as people start it: `millrace up`, and the command line beside it."""

import os
import pathlib
import signal
import subprocess

from cluster import BIN, service_kit, wait_until


class Embedded:
    """millrace up in a folder of its own, and the command line beside it."""

    def __init__(self):
        self.data = service_kit.temp_dir("up-")
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith(("MILLRACE_KAFKA", "MILLRACE_S3", "MILLRACE_REDIS"))}
        self.env |= {"MILLRACE_DATA": str(self.data), "MILLRACE_PORT": str(service_kit.free_port()),
                     "MILLRACE_REDIS_PORT": str(service_kit.free_port()), "ORCH_LEASE_MS": "1500"}
        self.process = None

    def up(self):
        out = self.data / "up.log"
        with out.open("wb") as log:
            self.process = subprocess.Popen([BIN / "millrace", "up"], env=self.env, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)

        def is_up():
            assert self.process.poll() is None, out.read_text()
            return "Millrace is up" in out.read_text()
        wait_until(is_up, 40)
        return self

    def cli(self, *words, check=True):
        done = subprocess.run([BIN / "millrace", *words], env=self.env, capture_output=True, text=True, timeout=90)
        assert not check or done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout if check else done

    def children(self):
        listed = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(child) for child in listed.split()]

    def kill_everything(self):
        victims = [self.process.pid, *self.children()]
        for victim in self.children():
            victims += [int(child) for child in
                        pathlib.Path(f"/proc/{victim}/task/{victim}/children").read_text().split()]
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        self.process.wait(10)
        wait_until(lambda: not any(os.path.exists(f"/proc/{victim}/exe") and
                                   "Z" not in pathlib.Path(f"/proc/{victim}/stat").read_text().split()[2]
                                   for victim in victims if os.path.exists(f"/proc/{victim}")), 10)

    def down(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
