"""test_pictures.py -- the pictures of docs/recipe.md are what the engine makes of their recipes today: by the rule that the
conformance cases are judged by (means of 16 x 16 cells, and detail), since bytes change with every encoder."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from services import TREE  # noqa: E402

BIN = pathlib.Path(os.environ.get("MILLRACE_BIN") or pathlib.Path(os.environ.get("MILLRACE_BUILD", TREE / "build/dev")) / "bin")
KEPT = TREE / "docs/pictures"
EXAMPLES = json.loads((KEPT / "examples.json").read_text())
CELLS = 16


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    subprocess.run([TREE / "deploy/pictures", folder], env={**os.environ, "MILLRACE_BIN": str(BIN)}, check=True, timeout=100)
    return folder


def grid(image):
    """Four numbers a cell: colours weighted by alpha, and alpha."""
    width, height, pixels = *image.size, image.load()
    for j in range(CELLS):
        for i in range(CELLS):
            xs = range(i * width // CELLS, max((i + 1) * width // CELLS, i * width // CELLS + 1))
            ys = range(j * height // CELLS, max((j + 1) * height // CELLS, j * height // CELLS + 1))
            cell = [pixels[x, y] for y in ys for x in xs]
            yield from (sum(p[c] * p[3] for p in cell) / (255 * len(cell)) for c in range(3))
            yield sum(p[3] for p in cell) / len(cell)


def detail(image):
    width, height = image.size
    luma = [(77 * (r * a // 255) + 150 * (g * a // 255) + 29 * (b * a // 255)) >> 8 for r, g, b, a in image.getdata()]
    across = sum(abs(luma[i] - luma[i + 1]) for i in range(len(luma) - 1) if (i + 1) % width)
    down = sum(abs(luma[i] - luma[i + width]) for i in range(len(luma) - width))
    return across / len(luma), down / len(luma)


def opened(path):
    with Image.open(path) as image:
        return image.convert("RGBA")


@pytest.mark.parametrize("name", ["source", *EXAMPLES])
def test_a_picture_still_shows_what_its_recipe_makes(made, name):
    kept, now = opened(KEPT / f"{name}.webp"), opened(made / f"{name}.webp")
    assert kept.size == now.size, "run deploy/pictures --write"
    apart = [abs(a - b) for a, b in zip(grid(kept), grid(now))]
    assert sum(apart) / len(apart) <= 1.5 and max(apart) <= 12, "run deploy/pictures --write"
    for was, here in zip(detail(kept), detail(now)):
        assert abs(was - here) <= 0.5 + 0.1 * was, "run deploy/pictures --write"


def test_a_picture_that_shows_something_else_would_be_noticed(made):
    first, other = opened(made / "negate.webp"), opened(made / "source.webp")
    apart = [abs(a - b) for a, b in zip(grid(first), grid(other))]
    assert sum(apart) / len(apart) > 20
    assert abs(detail(opened(made / "blur.webp"))[0] - detail(other)[0]) > 0.5 + 0.1 * detail(other)[0]


def test_every_operation_has_its_picture_and_the_gallery_is_what_the_script_prints():
    table = re.search(r"\| op \| fields \(default\) \|\n\|---\|---\|\n(.*?)\n\n", (TREE / "docs/recipe.md").read_text(), re.S).group(1)
    names = {name for row in table.splitlines() for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}
    assert len(names) > 30
    assert names == {ops[-1]["op"] for ops in EXAMPLES.values()}
    printed = subprocess.run([TREE / "deploy/pictures", "--gallery"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert f"<!-- deploy/pictures -->\n{printed}<!-- end -->" in (TREE / "docs/recipe.md").read_text()


def test_they_are_small():
    assert sum(path.stat().st_size for path in KEPT.iterdir()) < 600_000
