"""test_examples.py -- the workflows of docs/examples/workflows are valid and go where docs/workflows.md says: each has a
file beside it with an input, answers of its tasks, and the path that they lead to."""

import json
import os
import pathlib
import subprocess

import pytest

TREE = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("MILLRACE_BUILD", TREE / "build/dev")) / "bin"
FOLDER = TREE / "docs" / "examples" / "workflows"
NAMES = sorted(path.name.removesuffix(".json") for path in FOLDER.glob("*.json") if ".test." not in path.name)


def cases():
    for name in NAMES:
        test = json.loads((FOLDER / f"{name}.test.json").read_text(encoding="utf-8"))
        variants = [test, *({**test, "output": None, **other} for other in test.get("also", []))]
        for number, variant in enumerate(variants):
            yield pytest.param(name, variant, id=f"{name}-{number}")


def millrace(*words):
    return subprocess.run([BIN / "millrace", "workflow", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)


def test_there_are_ten_and_the_guide_names_each():
    guide = (TREE / "docs" / "workflows.md").read_text(encoding="utf-8")
    assert len(NAMES) >= 10
    assert [name for name in NAMES if f"(examples/workflows/{name}.json)" not in guide] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_workflow(name):
    done = millrace("validate", FOLDER / f"{name}.json", "--json")
    assert json.loads(done.stdout) == {"result": "OK", "diagnostics": []}


@pytest.mark.parametrize("name,test", cases())
def test_it_goes_where_it_should(name, test):
    done = millrace("simulate", FOLDER / f"{name}.json", "--json", "--input", json.dumps(test["input"]),
                    "--answers", json.dumps(test["answers"]), *(["--objects", json.dumps(test["objects"])] if "objects" in test else []))
    assert done.stdout, done.stderr
    answer = json.loads(done.stdout)
    assert answer["path"] == test["path"]
    assert answer["status"] == test.get("status", "SUCCEEDED"), answer
    if test.get("output") is not None:
        assert answer["output"] == test["output"]
    if "calls" in test:  # of each, what stands there
        assert [{name: call["input"][name] for name in want} for call, want in zip(answer["calls"], test["calls"], strict=True)] == test["calls"]
    if "error" in test:
        assert answer["error"] == test["error"]
