"""test_schemas.py -- docs/protocol.md, docs/schemas/ and the programs say the same of every message."""

import copy
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest

TREE = pathlib.Path(__file__).resolve().parents[3]
TOOL = pathlib.Path(os.environ.get("MILLRACE_BUILD", TREE / "build" / "dev")) / "tests" / "message_tool"
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted((TREE / "docs" / "schemas").glob("*.json"))}
PROTOCOL = (TREE / "docs" / "protocol.md").read_text()
EXAMPLES = [(kind, json.loads(text)) for kind, text in re.findall(r"^```json (\S+)\n(.*?)\n```", PROTOCOL, re.M | re.S)]
READ_BY_PROGRAMS = ("job", "task", "result", "event", "control", "config-workflow")
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def fits(kind, message):
    return jsonschema.Draft202012Validator(SCHEMAS[kind]).is_valid(message)


def tool(verb, text=""):
    done = subprocess.run([str(TOOL), verb], input=text, capture_output=True, text=True, timeout=20, check=True)
    return done.stdout.splitlines()


def accepted(messages):
    """What the programs say of each (kind, message)."""
    lines = tool("check", "".join(f"{kind} {json.dumps(message)}\n" for kind, message in messages))
    assert len(lines) == len(messages)
    return [(line.startswith("accepted"), line) for line in lines]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_schema_is_one(kind):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[kind])


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_protocol_shows_every_message(kind):
    assert kind in [name for name, _ in EXAMPLES]
    assert f"schemas/{kind}.json" in PROTOCOL


@pytest.mark.parametrize("kind,message", EXAMPLES)
def test_what_the_protocol_shows_fits_its_schema(kind, message):
    jsonschema.validate(message, SCHEMAS[kind], jsonschema.Draft202012Validator)


def test_what_the_protocol_shows_is_accepted_by_the_programs():
    messages = [(kind, message) for kind, message in EXAMPLES if kind in READ_BY_PROGRAMS]
    assert all(good for good, _ in accepted(messages)), accepted(messages)


def test_what_the_programs_print_fits_the_schemas():
    lines = [line.split(" ", 1) for line in tool("print")]
    assert {kind for kind, _ in lines} == {"job", "task", "control", "dlq", "event"}
    for kind, text in lines:
        jsonschema.validate(json.loads(text), SCHEMAS[kind], jsonschema.Draft202012Validator)


def mutations():
    """Examples with one thing wrong each."""
    for kind, message in EXAMPLES:
        if kind not in READ_BY_PROGRAMS:
            continue
        for name in message:
            without = copy.deepcopy(message)
            del without[name]
            yield kind, f"without {name}", without
            if name not in ("input", "output", "worker"):
                for wrong in ([], "no such thing!", -1):
                    yield kind, f"{name} = {wrong!r}", {**message, name: wrong}
        yield kind, "v = 2", {**message, "v": 2}
        yield kind, "a member more", {**message, "misspelt": 1}
    yield "job", "two of three", {"workflow": "a", "recipe": {}}
    yield "job", "none of three", {"id": "a"}
    yield "job", "recipe and input", {"recipe": {}, "input": 1}
    yield "job", "a leading dot", {"workflow": ".a"}
    yield "job", "too long an id", {"id": "a" * 65, "workflow": "a"}
    yield "event", "a definition that is none", {"k": "definition", "def": HASH, "definition": []}
    token = "a.1.1." + "0" * 32
    yield "result", "output and error", {"token": token, "output": 1, "error": "E"}
    yield "result", "neither", {"token": token}
    yield "result", "null is an output", {"token": token, "output": None}
    for bad in ("a.1.1", "a.0.1." + "0" * 32, "a.01.1." + "0" * 32, "a.1.1." + "g" * 32, "a b.1.1." + "0" * 32):
        yield "result", "a token that is none", {"token": bad, "output": 1}


def test_schema_and_programs_refuse_the_same():
    """Of what outsiders write and read; the schema of an event may be stricter than its reader, which trusts its writer."""
    cases = list(mutations())
    assert len(cases) > 150
    verdicts = accepted([(kind, message) for kind, _, message in cases])
    for (kind, what, message), (good, line) in zip(cases, verdicts):
        if kind in ("job", "result", "control"):
            assert fits(kind, message) == good, (kind, what, message, line)
        elif fits(kind, message):
            assert good, (kind, what, message, line)
