"""test_workflows.py -- the workflows of docs/examples/workflows do on the embedded cluster what they say; versions and
aliases, and a redrive in a corrected definition, by the command line."""

import json
import subprocess

import pytest
from PIL import Image

from cluster import BIN, TREE, wait_until
from embedded import Embedded

EXAMPLES = TREE / "docs" / "examples" / "workflows"


@pytest.fixture(scope="module", name="embedded")
def _embedded():
    cluster = Embedded().up()
    yield cluster
    cluster.down()
    for log in (cluster.data / "logs").glob("*.log"):
        print(f"---- {log.name}\n{log.read_text(errors='replace')[-2500:]}")


@pytest.fixture(scope="module", name="photo")
def _photo(embedded):
    drawn = embedded.data / "photo.jpg"
    subprocess.run([BIN / "millrace-sample", "photo", drawn, "2000", "1500"], check=True)
    return drawn


def job_of(embedded, workflow, photo, given=None):
    """Submits, waits, and gives the job with its outputs' files."""
    given = given or {}
    said = embedded.cli("submit", str(workflow), "--upload", str(photo), "--input", json.dumps(given), "--watch", check=False)
    job = said.stdout.split("job")[1].split()[0]
    where = embedded.data / f"outputs-{job}"
    where.mkdir()
    embedded.cli("outputs", job, "--to", str(where), check=False)
    return json.loads(embedded.cli("show", job, "--json")), {path.stem: path for path in where.iterdir()}


def test_thumbnails(embedded, photo):
    job, files = job_of(embedded, EXAMPLES / "thumbnails.json", photo)
    assert job["status"] == "SUCCEEDED", job
    assert job["output"]["count"] == 3  # the manifest's answer
    assert {name: Image.open(path).size for name, path in files.items() if path.suffix == ".webp"} == {
        "large": (1280, 960), "medium": (640, 480), "square": (200, 200)}


def test_watermark(embedded, photo):
    drawn = embedded.data / "mark.png"
    subprocess.run([BIN / "millrace-sample", "mark", drawn], check=True)
    key = embedded.cli("upload", str(drawn)).strip()
    job, files = job_of(embedded, EXAMPLES / "watermark.json", photo, {"mark": {"key": key}})
    assert job["status"] == "SUCCEEDED", job
    with Image.open(files["marked"]) as image:
        assert image.size == (1600, 1200)


def test_responsive(embedded, photo):
    job, _ = job_of(embedded, EXAMPLES / "responsive.json", photo, {"widths": [320, 640]})
    assert job["status"] == "SUCCEEDED", job
    assert job["output"]["count"] == 4  # two widths in two formats


def test_the_best_format_is_the_smallest(embedded, photo):
    job, _ = job_of(embedded, EXAMPLES / "best-format.json", photo)
    assert job["status"] == "SUCCEEDED", job
    listed = json.loads(embedded.cli("outputs", job["id"], "--json"))["outputs"]
    assert len(listed) == 3
    assert job["output"]["bytes"] == min(entry["bytes"] for entry in listed)


def test_fallback_of_what_is_no_picture(embedded):
    noise = embedded.data / "noise.jpg"
    noise.write_bytes(b"this is no picture at all" * 100)
    job, _ = job_of(embedded, EXAMPLES / "fallback.json", noise)
    assert job["status"] == "SUCCEEDED" and job["output"] == {"key": "assets/placeholder.svg"}, job


def test_product(embedded):
    shoe = embedded.data / "shoe.png"
    picture = Image.new("RGBA", (900, 700), (0, 0, 0, 0))
    for step in range(40):  # something to look at, away from the edges
        picture.paste((20 + 5 * step, 90, 200 - 4 * step, 255), (150 + 10 * step, 200, 190 + 10 * step, 260 + 5 * step))
    picture.save(shoe)
    job, files = job_of(embedded, EXAMPLES / "product.json", shoe)
    assert job["status"] == "SUCCEEDED", job
    assert {name: Image.open(files[name]).size for name in ("zoom", "list", "cart")} == {
        "zoom": (1500, 1500), "list": (600, 600), "cart": (160, 160)}
    assert files["cart"].stat().st_size <= 20000
    assert min(Image.open(files["zoom"]).convert("RGB").getpixel((3, 3))) > 250  # on white


def test_a_product_that_cannot_be_read_says_so(embedded):
    noise = embedded.data / "broken.jpg"
    noise.write_bytes(b"this is no picture at all" * 100)
    job, _ = job_of(embedded, EXAMPLES / "product.json", noise)
    assert job["status"] == "FAILED" and job["error"] == "Product.Unusable", job


def test_preview(embedded):
    moving = embedded.data / "dance.gif"
    frames = [Image.new("RGB", (480, 360), (250, 250, 240)) for _ in range(30)]
    for step, frame in enumerate(frames):  # a box that walks: no two frames are alike
        frame.paste((200, 30, 30), (10 + 14 * step, 100, 60 + 14 * step, 260))
    frames[0].save(moving, save_all=True, append_images=frames[1:], duration=80, loop=0)
    job, files = job_of(embedded, EXAMPLES / "preview.json", moving)
    assert job["status"] == "SUCCEEDED", job
    with Image.open(files["preview"]) as image:
        assert image.width == 320 and image.n_frames == 24
    with Image.open(files["still"]) as image:
        assert image.size == (480, 360)


def uploaded(embedded, path):
    return embedded.cli("upload", str(path)).strip()


def run_to_its_end(embedded, workflow, given):
    said = embedded.cli("submit", str(workflow), "--input", json.dumps(given), "--watch", check=False).stdout
    return json.loads(embedded.cli("show", said.split("job")[1].split()[0], "--json"))


def test_archive(embedded, photo):
    listed = embedded.data / "list.csv"
    listed.write_text(f"key\n{uploaded(embedded, photo)}\n{uploaded(embedded, photo)}\n")
    given = {"bucket": "millrace", "list": uploaded(embedded, listed), "results": "out/archive"}
    job = run_to_its_end(embedded, EXAMPLES / "archive.json", given)
    assert job["status"] == "SUCCEEDED", job
    assert job["output"]["imported"]["ResultWriterDetails"]["Key"].startswith("out/archive/")


def test_an_archive_with_too_many_failures_fails(embedded, photo):
    listed = embedded.data / "bad.csv"
    listed.write_text(f"key\n{uploaded(embedded, photo)}\nin/default/nowhere.jpg\n")
    given = {"bucket": "millrace", "list": uploaded(embedded, listed), "results": "out/archive"}
    job = run_to_its_end(embedded, EXAMPLES / "archive.json", given)
    assert job["status"] == "FAILED" and job["error"] == "States.ExceedToleratedFailureThreshold", job


def test_nested(embedded, photo):
    embedded.cli("workflow", "put", "thumbnails", str(EXAMPLES / "thumbnails.json"))
    given = {"pictures": [{"key": uploaded(embedded, photo)}, {"key": "in/default/nowhere.jpg"}]}
    job = run_to_its_end(embedded, EXAMPLES / "nested.json", given)
    assert job["status"] == "SUCCEEDED", job
    good, missing = job["output"]["album"]
    assert good["output"]["count"] == 3 and missing == {"output": None, "why": missing["why"]}, job


def test_a_childs_name_is_its_identity(embedded):
    """Four jobs start the same workflow under one name: three with one input, and one with another."""
    night = embedded.data / "night.json"
    night.write_text(json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 8, "Next": "P"},
                                                           "P": {"Type": "Pass", "End": True}}}))
    embedded.cli("workflow", "put", "night", str(night))
    parent = embedded.data / "parent.json"
    parent.write_text(json.dumps({"StartAt": "A", "States": {"A": {
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True,
        "Parameters": {"StateMachineArn": "night", "Name": "2026-11-27", "Input.$": "$"}}}}))

    def submit(given):
        return embedded.cli("submit", str(parent), "--input", json.dumps(given)).split("job")[1].split()[0]

    def end_of(job):
        wait_until(lambda: json.loads(embedded.cli("show", job, "--json"))["status"] != "RUNNING", 30)
        return json.loads(embedded.cli("show", job, "--json"))
    joined = [submit({"x": 1}) for _ in range(2)]
    refused = end_of(submit({"x": 2}))
    ends = [end_of(job) for job in joined]
    assert [end["status"] for end in ends] == ["SUCCEEDED", "SUCCEEDED"], ends
    assert ends[0]["output"]["ExecutionArn"] == ends[1]["output"]["ExecutionArn"]
    late = end_of(submit({"x": 1}))
    for job in (refused, late):
        assert job["error"] == "StepFunctions.ExecutionAlreadyExistsException", job


def test_versions_and_aliases_by_the_command_line(embedded):
    def put(result):
        path = embedded.data / "say.json"
        path.write_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": result, "End": True}}}))
        return embedded.cli("workflow", "put", "say", str(path))

    def says(ref):
        said = embedded.cli("submit", ref, "--watch")
        return json.loads(embedded.cli("show", said.split("job")[1].split()[0], "--json"))["output"]
    assert "version 1" in put("one")
    assert "version 2" in put("two")
    embedded.cli("workflow", "alias", "say", "live", "1")
    assert [says("say"), says("say:1"), says("say:live")] == ["two", "one", "one"]
    embedded.cli("workflow", "alias", "say", "live", "1=0", "2=100")
    assert says("say:live") == "two"
    assert '~ /States/A/Result  "one"  ->  "two"' in embedded.cli("workflow", "diff", "say:1", "say:2", check=False).stdout
    assert embedded.cli("workflow", "rm", "say:1", check=False).returncode == 1  # the alias leads to it
    embedded.cli("workflow", "rm", "say:live")
    embedded.cli("workflow", "rm", "say:1")
    assert "alias" not in embedded.cli("workflow", "versions", "say")
    assert json.loads(embedded.cli("workflow", "show", "say"))["States"]["A"]["Result"] == "two"
    put(0.1 + 0.2)
    assert json.loads(embedded.cli("workflow", "show", "say"))["States"]["A"]["Result"] == 0.1 + 0.2


def test_a_job_that_failed_goes_on_in_a_corrected_definition(embedded):
    def write(name, more):
        path = embedded.data / name
        path.write_text(json.dumps({"StartAt": "A", "States": {
            "A": {"Type": "Task", "Resource": "millrace:noop", "Next": "B"}, "B": {"Type": "Pass", **more, "End": True}}}))
        return str(path)
    said = embedded.cli("submit", write("broken.json", {"InputPath": "$.missing"}), "--watch", check=False).stdout
    job = said.split("job")[1].split()[0]
    assert json.loads(embedded.cli("show", job, "--json"))["status"] == "FAILED"
    gone = embedded.data / "gone.json"
    gone.write_text(json.dumps({"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}))
    refused = embedded.cli("redrive", job, "--workflow", str(gone), check=False)
    assert refused.returncode == 1 and '"B"' in refused.stderr
    embedded.cli("redrive", job, "--workflow", write("fixed.json", {"Result": "mended"}))
    wait_until(lambda: json.loads(embedded.cli("show", job, "--json"))["status"] == "SUCCEEDED")
    assert json.loads(embedded.cli("show", job, "--json"))["output"] == "mended"
    history = embedded.cli("history", job)
    assert "ExecutionRedriven" in history and history.count("TaskStateEntered") == 1
