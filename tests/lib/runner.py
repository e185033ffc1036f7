"""runner.py -- builds, then runs groups of tests and counts them.  Started by tests/run, inside Debian 13.

A group G is three things, each counted where it is there: the C tests with ctest label G (one cmocka test
function counts as one), the Python tests under tests/G, and the program tests/G/run, whose last line
"N passed, N failed, N skipped" is believed.
"""

import argparse
import fcntl
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import services  # noqa: E402

TREE = services.TREE

# What a group needs and how many seconds it may take.  Nightly ones run only by name.
GROUPS = {  # name:       (services, needs ../shared, C tests at once, limit_s)
    "unit":        ((), False, 2, 300),
    "contract":    (services.ALL, False, 1, 600),
    "flow":        ((), False, 2, 600),
    "system":      (services.ALL, False, 1, 1500),
    "conformance": ((), True, 1, 300),
    "sim":         ((), False, 2, 600),
    "fuzz":        ((), False, 2, 300),
    "chaos":       ((), False, 1, 3600),  # kills services: starts its own
    "load":        (services.ALL, False, 1, 1800),
    "fuzz-long":   ((), False, 1, 7200),
}
DEFAULT = ["unit", "contract", "flow", "system", "conformance", "sim", "fuzz"]
NIGHTLY = ["chaos", "load", "fuzz-long"]
CLOSING_LINE = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")


class Count:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def total(self):
        return self.passed + self.failed + self.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def say(text):
    print(text, flush=True)


class Stopped(Exception):
    """The group's time is up, or someone pressed Ctrl-C."""


def run(command, deadline, env=None, capture=None):
    """Runs command in a session of its own until deadline; everything in it is killed when that passes.

    With capture its output is also collected, line by line.  Returns the exit status."""
    child = subprocess.Popen(command, cwd=TREE, env=env, stdin=subprocess.DEVNULL, start_new_session=True,
                             stdout=subprocess.PIPE if capture is not None else None, text=True)

    def late(*_):
        raise Stopped

    old = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, max(0.1, deadline - time.monotonic()))
    try:
        if capture is not None:
            for line in child.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                capture.append(line.rstrip("\n"))
        return child.wait()
    except BaseException:
        for number, wait_s in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            try:
                os.killpg(child.pid, number)
                signal.setitimer(signal.ITIMER_REAL, 0)
                child.wait(timeout=wait_s)
                break
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


# ---- counting ---------------------------------------------------------------------------------------

def count_cmocka(text, failed):
    """Counts test functions in what a cmocka program printed; failed is the program's own verdict."""
    count = Count(
        passed=sum(int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) test", text, re.M)),
        failed=sum(int(n) for n in re.findall(r"^\[  FAILED  \] (?:.*: )?(\d+) test\(s\), listed below", text, re.M)),
        skipped=sum(int(n) for n in re.findall(r"^\[  SKIPPED \] (?:.*: )?(\d+) test\(s\), listed below", text, re.M)))
    if failed and not count.failed:  # it crashed, ran out of time, or a sanitizer spoke
        count.passed = max(count.passed, len(re.findall(r"^\[       OK \]", text, re.M)))
        count.failed = 1
    if not failed and not count.total():
        count.passed = 1
    return count


def count_ctest(junit):
    count = Count()
    if not junit.exists():
        return Count(failed=1)
    for case in xml.parse(junit).getroot().iter("testcase"):
        out = case.find("system-out")
        text = (out.text or "") if out is not None else ""
        status = case.get("status")
        if status in ("notrun", "disabled") or case.find("skipped") is not None:
            if status == "notrun" and "SKIP_RETURN_CODE" not in skip_message(case):
                count.add(Count(failed=1))  # the executable is missing
            else:
                count.add(Count(skipped=1))
        else:
            count.add(count_cmocka(text, status == "fail" or case.find("failure") is not None))
    return count


def skip_message(case):
    skipped = case.find("skipped")
    return (skipped.get("message") or "") if skipped is not None else ""


def count_pytest(junit):
    count = Count()
    if not junit.exists():
        return Count(failed=1)
    for case in xml.parse(junit).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            count.failed += 1
        elif case.find("skipped") is not None:
            count.skipped += 1
        else:
            count.passed += 1
    return count


# ---- the three parts of a group ------------------------------------------------------------------------

def ctest_names(build, group):
    listing = subprocess.run(["ctest", "--test-dir", build, "-N", "-L", f"^{group}$"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    return re.findall(r"^\s+Test\s+#\d+: (.+)$", listing, re.M)


def python_files(group):
    folder = TREE / "tests" / group
    return sorted([*folder.glob("**/test_*.py"), *folder.glob("**/*_test.py")])


def program(group):
    path = TREE / "tests" / group / "run"
    return path if os.access(path, os.X_OK) and path.is_file() else None


def run_ctest(build, group, jobs, match, env, deadline):
    junit = build / f"junit-{group}-c.xml"
    junit.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", build, "-L", f"^{group}$", "-j", str(jobs), "--output-on-failure",
               "--output-junit", junit, "--no-tests=ignore", "--test-output-size-passed", "4000000",
               "--test-output-size-failed", "4000000", "--timeout", str(max(1, int(deadline - time.monotonic())))]
    if match:
        command += ["-R", match]
    run([str(word) for word in command], deadline, env)
    if match and not junit.exists():
        return Count()
    return count_ctest(junit)


def run_pytest(build, group, match, env, deadline):
    junit = build / f"junit-{group}-python.xml"
    junit.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-rfEs", "-p", "no:cacheprovider", "-W", "ignore::DeprecationWarning",
               "--junitxml", str(junit),
               "--rootdir", str(TREE / "tests"), *[str(path) for path in python_files(group)]]
    if match:
        command += ["-k", match]
    status = run(command, deadline, env)
    count = count_pytest(junit)
    if status not in (0, 1, 5) and not count.failed:  # 1: tests failed, 5: none chosen
        count.failed = 1
    return count


def run_program(group, env, deadline):
    lines = []
    status = run([str(program(group))], deadline, env, capture=lines)
    found = next((m for line in reversed(lines[-3:]) if (m := CLOSING_LINE.match(line.strip()))), None)
    if not found:
        return Count(passed=int(status == 0), failed=int(status != 0))
    count = Count(*(int(n) for n in found.groups()))
    if status != 0 and not count.failed:
        count.failed = 1
    return count


def run_group(name, build, match, env):
    needs, needs_shared, jobs, limit_s = GROUPS[name]
    limit_s = int(os.environ.get("MILLRACE_GROUP_LIMIT_S", limit_s))
    count, start = Count(), time.monotonic()
    has_c, has_python, has_program = ctest_names(build, name), python_files(name), program(name)
    if not (has_c or has_python or has_program):
        say(f"== {name}: no tests")
        return count
    if needs_shared and "MILLRACE_SHARED" not in env:
        say(f"== {name}: skipped, ../shared is absent and this group needs it")
        return Count(skipped=1)
    say(f"== {name}")
    own = None
    try:
        if needs:
            own = services.Services(needs, wish=(19092, 16379, 19000))
            own.start()
            env = {**env, **own.env()}
            say(f"-- services are ready after {time.monotonic() - start:.1f} s")
        deadline = time.monotonic() + limit_s
        if has_c:
            count.add(run_ctest(build, name, jobs, match, env, deadline))
        if has_python:
            count.add(run_pytest(build, name, match, env, deadline))
        if has_program and not match:
            count.add(run_program(name, env, deadline))
    except Stopped:
        say(f"-- {name} was not done after {limit_s} s: killed")
        count.failed += 1
    except RuntimeError as error:  # services that did not start
        say(f"-- {error}")
        count.failed += 1
    finally:
        if own:
            own.close()
    say(f"== {name}: {count} in {time.monotonic() - start:.1f} s")
    return count


# ---- building ----------------------------------------------------------------------------------------------

def build_tree(preset, env, keep_going):
    """Configures and builds; shows the output only when it fails.  keep_going builds all that can be built."""
    start = time.monotonic()
    (TREE / "build").mkdir(exist_ok=True)
    with open(TREE / "build" / f"{preset}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run in this tree may be building
        for command in (["cmake", "--preset", preset], ["cmake", "--build", "--preset", preset, *(["--", "-k", "0"] if keep_going else [])]):
            done = subprocess.run(command, cwd=TREE, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            if done.returncode != 0:
                say(done.stdout[-20000:])
                say(f"-- {' '.join(command)} failed after {time.monotonic() - start:.1f} s")
                return False
    say(f"== build ({preset}): {time.monotonic() - start:.1f} s")
    return True


def prepare_services():
    """Fetches Kafka and builds MinIO beside our own build: minutes on a new machine, nothing later."""
    # its own lines on stderr say how it goes
    return subprocess.Popen([str(TREE / "deploy" / "services"), "prepare"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            start_new_session=True)


def wait_prepared(preparing):
    """A group that needs what could not be prepared then fails by itself, with the reason."""
    try:
        if preparing.wait(timeout=1800) != 0:
            say("-- the services could not be prepared")
    except subprocess.TimeoutExpired:
        os.killpg(preparing.pid, signal.SIGTERM)
        say("-- the services were not prepared within 1800 s")


# ---- main ----------------------------------------------------------------------------------------------------

def arguments():
    parser = argparse.ArgumentParser(prog="tests/run")
    parser.add_argument("--preset", default="dev", choices=("dev", "asan", "tsan"))
    parser.add_argument("--match")
    parser.add_argument("--keep-going", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("groups", nargs="*", metavar="GROUP")
    args = parser.parse_args()
    groups = []
    for name in args.groups or DEFAULT:
        groups += NIGHTLY if name == "nightly" else DEFAULT if name == "all" else [name]
    for name in groups:
        if name not in GROUPS:
            parser.error(f"no group is called '{name}': {' '.join(GROUPS)} nightly")
    args.groups = list(dict.fromkeys(groups))
    return args


def environment(build):
    env = dict(os.environ)
    env.update({"MILLRACE_TREE": str(TREE), "MILLRACE_BUILD": str(build), "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": str(TREE / "tests" / "lib"), "PATH": f"{build / 'bin'}:{env.get('PATH', '')}",
                "ASAN_OPTIONS": env.get("ASAN_OPTIONS", "abort_on_error=0:detect_leaks=1")})
    for name in list(env):  # only a group that has services gets their addresses
        if re.match(r"MILLRACE_(KAFKA_BROKERS|REDIS_URL|S3_)", name):
            del env[name]
    shared = TREE.parent / "shared"
    if shared.is_dir():
        env["MILLRACE_SHARED"] = str(shared)
    else:
        env.pop("MILLRACE_SHARED", None)
    return env


def main():
    args = arguments()
    build = TREE / "build" / args.preset
    env = environment(build)
    if args.list:
        for name in args.groups:
            parts = [*ctest_names(build, name), *[str(p.relative_to(TREE)) for p in python_files(name)]]
            say(f"{name}: {' '.join(parts + ([f'tests/{name}/run'] if program(name) else [])) or 'no tests'}")
        return 0

    def asked_to_stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, asked_to_stop)
    signal.signal(signal.SIGHUP, asked_to_stop)
    start, total, seconds, preparing = time.monotonic(), Count(), {}, None
    try:
        services.sweep()
        if any(GROUPS[name][0] for name in args.groups):
            preparing = prepare_services()
        built = build_tree(args.preset, env, args.keep_going)
        if not built:
            total.failed += 1
        if built or args.keep_going:
            for name in args.groups:
                began = time.monotonic()
                if GROUPS[name][0] and preparing:
                    wait_prepared(preparing)
                    preparing = None
                total.add(run_group(name, build, args.match, env))
                seconds[name] = time.monotonic() - began
    except KeyboardInterrupt:
        say("-- stopped")
        total.failed += 1
    finally:
        if preparing and preparing.poll() is None:
            os.killpg(preparing.pid, signal.SIGTERM)
            preparing.wait()
        for folder in services.HOME.glob(f"{os.getpid()}-*"):  # whatever a test left
            subprocess.run([str(TREE / "deploy" / "services"), "stop", "--data", str(folder)], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        services.sweep()
    say("seconds: " + " ".join(f"{name}={value:.1f}" for name, value in seconds.items())
        + f" all={time.monotonic() - start:.1f}")
    in_ci = os.environ.get("CI", "").lower() in ("true", "1")
    good = total.failed == 0 and total.passed > 0 and not (in_ci and total.skipped)
    if total.passed == 0 and total.failed == 0:
        say("-- no test ran: that is a failure")
    if in_ci and total.skipped:
        say(f"-- with CI=true a skipped test is a failure: {total.skipped}")
    say(str(total))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
