"""test_platform.py -- what every other test stands on: the way onto Debian 13, the services, the counting."""

import os
import pathlib
import re
import shutil
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


NO_MOUNTS = ("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin")


def tools_of_a_root(root):
    """A root of one shell and a few programs, which passes for a finished one."""
    names = subprocess.run(
        ["sh", "-c", "for p in sh cat rm mkdir pwd ls wc mv ln; do command -v $p; ldd $(command -v $p); done"], capture_output=True, text=True,
        check=True).stdout.split()
    for name in {word for word in names if word.startswith("/")} | {f"/bin/{p}" for p in ("sh", "cat", "rm", "mkdir", "ls", "wc", "mv", "ln")}:
        target = root / name[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, target)
    marks = root / "var/lib/millrace"
    (marks / "sets").mkdir(parents=True)
    (root / "etc").mkdir()
    version = re.search(r"^root_version=(\d+)", (TREE / "deploy/debian13").read_text(), re.M)
    (marks / "version").write_text(version[1])
    if pathlib.Path("/etc/ssl/certs/ca-certificates.crt").exists():
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", marks / "authorities.crt")


@pytest.fixture(name="refused")
def without_mounts(tmp_path):
    """Calls deploy/debian13 as on another Linux that refuses mounts, with a root of its own and a copy of deploy/."""
    if call("unshare", "--mount", "true").returncode != 0:
        pytest.skip("playing another Linux needs root and mounts")
    tree, cache, other = tmp_path / "tree", tmp_path / "cache", tmp_path / "os-release"
    tools_of_a_root(cache / "debian13")
    shutil.copytree(TREE / "deploy", tree / "deploy")
    other.write_text("ID=other\n")

    def run(*words, code=0, through=()):
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", f"mount --bind {other} /etc/os-release && exec \"$@\"", "sh", *NO_MOUNTS, *through,
             tree / "deploy/debian13", *words],
            cwd=tree, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "MILLRACE_CACHE": str(cache), "SSL_CERT_FILE": ""})
        assert done.returncode == code, done.stderr
        return done

    run.tree, run.outside = tree, tmp_path
    return run


def test_where_mounts_are_refused_a_command_runs_in_a_chroot_and_the_cost_is_said(refused):
    done = refused("--", "sh", "-c", "pwd; ls /proc; exit 7", code=7)
    assert "mounts are refused here" in done.stderr and "using chroot. The cost: no namespaces, /proc or /sys" in done.stderr
    assert done.stdout.splitlines()[0] == str(refused.tree)
    assert "Java needs /proc" in refused("--set", "test", "--", "true", code=1).stderr


def test_in_the_chroot_the_tree_is_a_copy_whose_changes_are_carried_back(refused):
    tree = refused.tree
    (tree / "kept").write_text("old")
    (tree / "gone").write_text("x")
    (tree / "folder").mkdir()
    (tree / "folder/one").write_text("1")
    refused("--", "sh", "-c", "cat kept; echo new >kept; rm gone; rm -r folder; mkdir made; echo 'a b' >'made/a b '")
    assert (tree / "kept").read_text() == "new\n"
    assert not (tree / "gone").exists() and not (tree / "folder").exists()
    assert (tree / "made/a b ").read_text() == "a b\n"
    # what is removed or changed outside is so inside at the next call, and what appears meanwhile stays
    (tree / "made/a b ").unlink()
    (tree / "kept").write_text("newer")
    (tree / "made/c").write_text("c")
    done = refused("--", "sh", "-c", "cat kept; ls made")
    assert done.stdout == "newerc\n"


def test_in_the_chroot_a_copy_that_was_cut_short_costs_no_file(refused):
    """As a full disk or kill -9 in the middle of a copy: a limit on the size of files."""
    big, room = refused.tree / "big", ("sh", "-c", 'ulimit -f 1000; exec "$@"', "sh")
    big.write_bytes(b"x" * 3000000)
    assert "could not be copied" in refused("--", "true", code=1, through=room).stderr
    assert refused("--", "sh", "-c", "cat big | wc -c").stdout.strip() == "3000000"
    assert big.stat().st_size == 3000000
    done = refused("--", "mv", "big", "other", code=1, through=room)
    assert "could not all be carried back" in done.stderr and big.stat().st_size == 3000000
    assert refused("--", "sh", "-c", "cat other | wc -c").stdout.strip() == "3000000"
    assert (refused.tree / "other").stat().st_size == 3000000
    assert big.stat().st_size == 3000000  # what was removed in the call that failed is kept, rather than lost
    assert not [path for path in refused.tree.iterdir() if path.name.startswith(".millrace")]


def test_in_the_chroot_files_that_arguments_name_are_there_and_those_they_make_come_back(refused):
    picture, out = refused.outside / "in.jpg", refused.outside / "out"
    picture.write_text("picture")
    refused("--", "sh", "-c", 'mkdir "$1"; cat "$0" >"$1/it"', picture, out)
    assert (out / "it").read_text() == "picture"
    shutil.rmtree(out)
    refused("--", "sh", "-c", 'mkdir "$1"; cat "$0" >"$1/again"', picture, out)
    assert [path.name for path in out.iterdir()] == ["again"]
    done = refused("--", "ls", refused.outside, code=1)
    assert "holds the cache folder" in done.stderr


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
