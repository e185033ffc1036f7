"""test_recorded.py -- expressions.recorded is what the untouched package says in node today."""

import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parents[2]


@pytest.mark.skipif(not shutil.which("node"), reason="node is not there")
def test_node_says_what_was_recorded(tmp_path):
    package = tmp_path / "jsonata.js"
    subprocess.run([TREE / "deploy/jsonata", "--untouched", package], check=True, timeout=120)
    assert "async function evaluate" in package.read_text(encoding="utf-8")
    said = subprocess.run(["node", HERE / "record.js", package], capture_output=True, text=True, check=True, timeout=120)
    recorded = (HERE / "expressions.recorded").read_text(encoding="utf-8")
    assert said.stdout.splitlines() == recorded.splitlines()
    assert len(recorded.splitlines()) >= 300
