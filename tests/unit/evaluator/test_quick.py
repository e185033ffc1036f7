"""test_quick.py -- the package with our functions in it says what the package says, of random expressions."""

import json
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parents[2]
COUNT = 4000


@pytest.fixture(scope="module", name="package")
def make_packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jsonata")
    for form in ([], ["--synchronous"], ["--untouched"]):
        name = form[0][2:] if form else "quick"
        subprocess.run([TREE / "deploy/jsonata", *form, folder / f"{name}.js"], check=True, timeout=120)
    return lambda name: folder / f"{name}.js"


@pytest.mark.skipif(not shutil.which("node"), reason="node is not there")
@pytest.mark.parametrize("reference, how", [("synchronous", []), ("untouched", ["any-error"])])
@pytest.mark.parametrize("seed", ["1", "77"])
def test_the_same_is_said(package, reference, how, seed):
    command = ["node", HERE / "compare.js", package(reference), package("quick"), seed, str(COUNT), *how]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.splitlines()
    counts = json.loads(said[-1])
    assert counts["different"] == 0, "\n".join(said[:-1])
    assert counts["values"] > COUNT / 4 and counts["errors"] > COUNT / 4


@pytest.mark.skipif(not shutil.which("node"), reason="node is not there")
def test_a_difference_is_seen(package, tmp_path):
    wrong = tmp_path / "wrong.js"
    text = package("quick").read_text(encoding="utf-8")
    assert text.count("if (!Array.isArray(value) || value.cons)") == 1
    wrong.write_text(text.replace("if (!Array.isArray(value) || value.cons)", "if (true)"), encoding="utf-8")
    command = ["node", HERE / "compare.js", package("synchronous"), wrong, "1", "500"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.splitlines()
    assert json.loads(said[-1])["different"] > 10
