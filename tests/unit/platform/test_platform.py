"""test_platform.py -- what every other test stands on: the way onto Debian 13, the services, the counting."""

import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
import runner  # noqa: E402
from services import TREE, Services, free_port  # noqa: E402


def call(*command):
    return subprocess.run([str(word) for word in command], cwd=TREE, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False)


def test_the_status_of_the_command_passes_through():
    assert call("deploy/debian13", "sh", "-c", "exit 7").returncode == 7


def test_the_system_is_debian_13():
    assert "VERSION_ID=\"13\"" in call("deploy/debian13", "cat", "/etc/os-release").stdout


def test_user_namespaces_work_where_the_programs_run():
    done = call("unshare", "--user", "--map-root-user", "true")
    assert done.returncode == 0, "the decoders' sandbox loses a layer here: " + done.stderr


@pytest.mark.parametrize("command, words", [
    (("deploy/debian13", "--set", "nope", "true"), "no set is called 'nope'"),
    (("deploy/debian13",), "no command given"),
    (("deploy/services", "begin"), "unknown verb begin"),
    (("deploy/services", "start", "--redis-port", "x"), "'x' is no port"),
    (("deploy/services", "start", "--only", "mysql"), "no service is called 'mysql'"),
])
def test_a_wrong_call_is_one_line_that_says_what_to_do(command, words):
    done = call(*command)
    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def redis_says(services, *words):
    return call("redis-cli", "-p", services.redis_port, *words).stdout.strip()


def test_redis_killed_with_9_comes_back_with_its_data_and_refuses_to_flush():
    with Services(only=("redis",), no_flush=True) as services:
        assert redis_says(services, "SET", "key", "kept") == "OK"
        assert "unknown command" in redis_says(services, "FLUSHALL")
        services.kill("redis")
        services.start("redis")
        assert redis_says(services, "GET", "key") == "kept"
        assert redis_says(services, "CONFIG", "GET", "maxmemory-policy").endswith("noeviction")
        again = call("deploy/services", "start", "--only", "redis", "--data", services.data)
        assert "redis already runs" in again.stderr
        pid = services.pid("redis")
    assert not os.path.exists(f"/proc/{pid}/exe")


def test_a_port_in_use_is_said_not_fought_over():
    with Services(only=("redis",)) as first:
        second = Services(only=("redis",), wish=(None, None, None))
        second.redis_port = first.redis_port
        with pytest.raises(RuntimeError, match=f"port {first.redis_port} for redis is in use"):
            second.start()


def test_free_ports_stand_together():
    port = free_port(count=3)
    assert 20000 <= port < 32000


CMOCKA = """[==========] t: Running 4 test(s).
[ RUN      ] a
[       OK ] a
[  PASSED  ] 2 test(s).
[  SKIPPED ] t: 1 test(s), listed below:
[  SKIPPED ] c
[  FAILED  ] t: 1 test(s), listed below:
[  FAILED  ] d
"""


@pytest.mark.parametrize("text, failed, counted", [
    (CMOCKA, True, "2 passed, 1 failed, 1 skipped"),
    ("[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n", True, "1 passed, 1 failed, 0 skipped"),
    ("[  PASSED  ] 3 test(s).\n[  PASSED  ] 2 test(s).\n", False, "5 passed, 0 failed, 0 skipped"),
    ("[  PASSED  ] 3 test(s).\n", True, "3 passed, 1 failed, 0 skipped"),  # a leak reported after the last test
    ("no cmocka here\n", False, "1 passed, 0 failed, 0 skipped"),
])
def test_cmocka_test_functions_are_counted_one_by_one(text, failed, counted):
    assert str(runner.count_cmocka(text, failed)) == counted
