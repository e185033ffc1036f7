"""test_docs.py -- the documents say what the code does: settings, Redis keys and row fields are read out of the
sources and looked for; links lead somewhere; the README's commands are understood by the programs they name."""

import fnmatch
import os
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from services import TREE, Services  # noqa: E402

BIN = pathlib.Path(os.environ.get("MILLRACE_BIN") or pathlib.Path(os.environ.get("MILLRACE_BUILD", TREE / "build/dev")) / "bin")
DOCUMENTS = sorted([TREE / "README.md", *(TREE / "docs").glob("**/*.md")])
ADAPTERS = sorted((TREE / "common/adapters").glob("*redis*.c"))


def read(path):
    return (TREE / path).read_text(encoding="utf-8")


def status():
    return read("docs/status.md")


def name_of(document):
    return str(document.relative_to(TREE))


# ---- settings -----------------------------------------------------------------------------------------------

def test_settings_md_is_what_the_programs_print():
    done = subprocess.run([TREE / "deploy/settings-md"], env={**os.environ, "MILLRACE_BIN": str(BIN)},
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert read("docs/settings.md") == done.stdout, "run deploy/settings-md --write"


def test_every_setting_stands_once():
    names = re.findall(r"^\| `([A-Z0-9_]+)`", read("docs/settings.md"), re.M)
    assert len(names) > 50
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_a_setting_that_is_named_is_one(document):
    known = set(re.findall(r"`([A-Z0-9_]+)`", read("docs/settings.md")))
    known |= set(re.findall(r"\bMILLRACE_\w+", "".join(read(script) for script in ("deploy/debian13", "tests/run", "deploy/settings-md"))))
    known |= {"MILLRACE_FAIL_POINT"}  # not a setting: docs/lifecycle.md
    known |= {name + "_FILE" for name in known}
    for name in re.findall(r"\b(?:MILLRACE|GATEWAY|ORCH|WORKER)_[A-Z0-9_]*[A-Z0-9]\b(?!_?\*|_?…|_?\.\.\.)", document.read_text(encoding="utf-8")):
        assert name in known, f"{name_of(document)}: {name}"


# ---- Redis: keys and fields ----------------------------------------------------------------------------------

def shaped(key):
    """A key up to the first part that varies, but for the shard: "mr:{s}:job:"."""
    return re.split(r"%|<|topic/p", key)[0]


def keys_in_code():
    keys = set()
    for adapter in ADAPTERS:
        text = adapter.read_text(encoding="utf-8")
        text = text.replace('{%" PRIu32 "}', "{s}").replace("{%u}", "{s}")
        keys |= {shaped(key) for key in re.findall(r'"(mr:[^"]*)', text)}
        # store_redis_batch.c puts "mr:{s}:" in front of these words
        if adapter.name == "store_redis_batch.c":
            words = re.findall(r'key_of\(plan, "([^"]+)"\)', text) + re.findall(r'struct shape \w+ = \{"\w+", "([^"]+)"', text)
            keys |= {"mr:{s}:" + word for word in words}
    for function in sorted((TREE / "orchestrator/functions").glob("*.lua")):
        keys |= {shaped(key) for key in re.findall(r"mr:[\w{}:</]+", function.read_text(encoding="utf-8"))}
    kinds = set()
    for folder in ("gateway", "orchestrator", "worker"):
        for source in (TREE / folder).glob("**/*.c"):
            kinds |= set(re.findall(r'mr_store_beat\([^;]*?"(\w+)"', source.read_text(encoding="utf-8")))
    assert {"orchestrator", "worker"} <= kinds
    keys |= {f"mr:{kind}:" for kind in kinds}
    return {key for key in keys if key not in ("mr:", "mr:{s}:")}


def test_every_key_that_the_code_writes_is_in_status_md():
    keys = keys_in_code()
    assert {"mr:{s}:pos", "mr:{s}:job:", "mr:{s}:timers", "mr:{s}:open", "mr:lease:", "mr:config:at", "mr:meta"} <= keys
    for key in keys:
        assert "`" + key in status(), f"docs/status.md does not tell of {key}"


def test_every_key_of_status_md_is_one_that_the_code_writes():
    keys = keys_in_code()
    for key in re.findall(r"^\| `(mr:[^`]+)`", status(), re.M):
        assert shaped(key) in keys, f"docs/status.md tells of {key}, which nothing writes"


def test_every_field_of_a_row_is_in_status_md():
    batch = read("orchestrator/batch.c")
    fields = set(re.findall(r'pair(?:_int)?\(buf, "(\w+)"', batch)) | set(re.findall(r'mr_buf_add\(buf, "(\w+)"', batch))
    assert {"status", "created", "ended", "output", "rev", "state"} <= fields
    row = status().split("## A job's row", 1)[1].split("\n## ", 1)[0]
    listed = set(re.findall(r"^\| `([^`]+)`", row, re.M))
    assert fields == {field for field in listed if not field.startswith("output:")}
    assert any(field.startswith("output:") for field in listed)  # apply.c, note_outputs()


def test_every_field_of_a_sign_of_life_is_in_status_md():
    section = status().split("## Who is alive", 1)[1].split("\n## ", 1)[0]
    for field in re.findall(r'add(?:_int)?\(pairs, "(\w+)"', read("worker/beat.c")):
        assert f"`{field}`" in section, field


def test_the_page_finds_a_jobs_shard_as_kafka_does():
    scope = {}
    exec(re.search(r"```python\n(def shard_of.*?)```", status(), re.S).group(1), scope)  # pylint: disable=exec-used
    vectors = re.findall(r'\{"([\w-]+)", (-?\d+)\}', read("tests/unit/base/id_test.c"))
    assert len(vectors) >= 6
    for text, murmur2 in vectors:
        assert scope["shard_of"](text, 1 << 31) == int(murmur2) & 0x7fffffff, text


def test_the_dashboards_user_reads_what_is_meant_for_it_and_no_secret():
    patterns = re.findall(r"'%R~([^']+)'", status())
    assert patterns

    def may_read(key):
        return any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)

    assert may_read("mr:{3}:job:order-7") and may_read("mr:{3}:open") and may_read("mr:worker:w1")
    for secret in ("mr:{3}:run:order-7", "mr:{3}:val:order-7", "mr:{3}:outbox", "mr:config", "mr:bus:{millrace.log/0}"):
        assert not may_read(secret), f"a dashboard could read {secret}"


def test_the_dashboards_user_is_made_by_the_command_of_the_page():
    command = re.search(r"```sh\n(redis-cli ACL SETUSER.*?)```", status(), re.S).group(1)
    with Services(only=("redis",)) as services:
        def redis(*words):
            done = subprocess.run(["redis-cli", "-p", str(services.redis_port), *words], capture_output=True, text=True,
                                  timeout=10, check=False)
            return done.stdout.strip()

        def dashboard(*words):
            return redis("--user", "dashboard", "--pass", "choose-a-password", "--no-auth-warning", *words)

        subprocess.run(["bash", "-ec", command.replace("redis-cli", f"redis-cli -p {services.redis_port}")],
                       capture_output=True, timeout=10, check=True)
        redis("HSET", "mr:{0}:job:a", "status", "RUNNING")
        redis("SET", "mr:{0}:run:a", "the nonce")
        assert dashboard("HGET", "mr:{0}:job:a", "status") == "RUNNING"
        assert dashboard("ZCARD", "mr:{0}:open") == "0"
        for words in (("GET", "mr:{0}:run:a"), ("HGETALL", "mr:config"), ("HSET", "mr:{0}:job:a", "status", "x"),
                      ("SORT_RO", "mr:{0}:open", "BY", "nosort", "GET", "mr:{0}:run:*"), ("EVAL", "return 1", "0"), ("SCAN", "0")):
            assert dashboard(*words).startswith("NOPERM"), words


# ---- the recipe -------------------------------------------------------------------------------------------------

def words_of(name, path="common/model/recipe.c"):
    return re.findall(r'"([^"]+)"', re.search(name + r"\[\] = \{(.*?)NULL", read(path), re.S).group(1))


def test_every_operation_that_is_built_is_in_recipe_md():
    listed = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`\w+`(?: · `\w+`)?) \|", read("docs/recipe.md").split("| field of", 1)[0], re.M))))
    assert listed == set(words_of("mr_op_names", "common/model/recipe_op.c"))
    words = {"": ("mr_fit_names", "mr_kernel_names", "mr_gravity_names", "mr_blend_names"), "_op_size": ("mr_extend_names",),
             "_op_tone": ("mr_space_names",), "_op_layer": ("mr_align_names", "mr_redact_names")}
    for file, names in words.items():
        for name in names:
            for word in words_of(name, f"common/model/recipe{file}.c"):
                assert word in read("docs/recipe.md"), f"{name}: {word}"


# ---- links, commands, words ------------------------------------------------------------------------------------

@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_to_a_file(document):
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?:|#|mailto:", target):
            assert (document.parent / target.split("#")[0]).exists(), f"{name_of(document)}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_no_machine_of_ours_is_named(document):
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        for address in re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", line):
            assert address in ("127.0.0.1", "0.0.0.0"), f"{name_of(document)}:{number}: {address}"
        assert not re.search(r"(?<![\w.])/(work|root|home|Users|mnt)/|artifactory|nexus|\.(internal|corp|local)\b", line), \
            f"{name_of(document)}:{number}: {line}"


def commands(document):
    """The command lines of a document's sh blocks, without what they printed."""
    for block in re.findall(r"^```sh\n(.*?)^```", document.read_text(encoding="utf-8"), re.S | re.M):
        yield block


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_shell_block_is_a_shell_script(document):
    for block in commands(document):
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, timeout=10, check=False)
        assert done.returncode == 0, f"{name_of(document)}:\n{block}{done.stderr}"


def helped(words):
    """What the program says when it is asked how it is used."""
    done = subprocess.run([str(word) for word in words], cwd=TREE, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def test_every_script_that_the_readme_starts_is_there_and_has_help():
    for script in sorted(set(re.findall(r"^\s*\./((?:deploy|tests)/[\w/-]+)", "\n".join(commands(TREE / "README.md")), re.M))):
        assert os.access(TREE / script, os.X_OK), script
        assert helped([TREE / script, "--help"]), script


def test_every_verb_and_option_of_millrace_in_the_readme_is_one():
    used = set()
    for block in commands(TREE / "README.md"):
        for line in block.replace("\\\n", " ").splitlines():
            match = re.search(r"(?:^|[\s/])millrace ([a-z]+)(.*)", line.split(" #")[0])
            if match:
                used.add(match.group(1))
                text = helped([BIN / "millrace", match.group(1), "--help"])
                for option in re.findall(r"(?<=\s)--([a-z-]+)", re.sub(r"'[^']*'", "", match.group(2))):
                    assert f"--{option}" in text or option == "json", f"millrace {match.group(1)} has no --{option}"
    assert {"up", "submit"} <= used


def test_every_path_of_http_in_the_readme_is_a_route():
    routes = set(re.findall(r'\{GW_(\w+), +"([^"]+)"', read("gateway/routes.c")))
    patterns = [re.compile(re.escape(path).replace(r"\{\}", "[^/]+") + "$") for _, path in routes]
    for path in re.findall(r"https?://[\w.:]+(/(?:v1|healthz|readyz|metrics)[\w/.-]*)", "\n".join(commands(TREE / "README.md"))):
        assert any(pattern.match(path) for pattern in patterns), path
