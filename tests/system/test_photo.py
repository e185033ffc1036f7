"""A real photo through the whole cluster: over HTTP, by a job message of kcat's, and on the embedded default."""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import time

import boto3
import pytest
import redis
from PIL import Image

from cluster import BIN, TREE, Cluster, wait_until
from embedded import Embedded

sys.path.insert(0, str(TREE / "tests" / "lib"))
import services as service_kit  # noqa: E402

DEMO = json.loads((TREE / "deploy" / "demo.workflow.json").read_text())
SHARED = pathlib.Path(os.environ.get("MILLRACE_SHARED", "/nonexistent"))
PHOTO = SHARED / "images" / "files" / "2569067123_aca715a2ee_o.jpg"
FORMATS = {"small-jpeg": "JPEG", "small-webp": "WEBP", "card-webp": "WEBP", "marked-jpeg": "JPEG"}


@pytest.fixture(scope="module")
def folder():
    return service_kit.temp_dir("photos-")


@pytest.fixture(scope="module")
def photo(folder):
    """The photo of ../shared; where that is absent, one that the project draws."""
    if PHOTO.exists():
        return PHOTO
    drawn = folder / "photo.jpg"
    subprocess.run([BIN / "millrace-sample", "photo", drawn, "2725", "2225"], check=True)
    return drawn


@pytest.fixture(scope="module")
def mark(folder):
    drawn = folder / "mark.png"
    subprocess.run([BIN / "millrace-sample", "mark", drawn], check=True)
    return drawn


def storage():
    return boto3.client("s3", endpoint_url=os.environ["MILLRACE_S3_ENDPOINT"], region_name=os.environ["MILLRACE_S3_REGION"],
                        aws_access_key_id=os.environ["MILLRACE_S3_ACCESS_KEY"],
                        aws_secret_access_key=os.environ["MILLRACE_S3_SECRET_KEY"])


def expected_sizes(photo):
    with Image.open(photo) as image:
        width, height = image.size
    assert width >= height  # a landscape, so these are the sizes of that branch

    def by_width(wanted):
        return (wanted, max(1, int(height * wanted / width + 0.5)))
    return {"small-jpeg": by_width(720), "small-webp": by_width(720), "card-webp": (640, 360), "marked-jpeg": by_width(1280)}


def check_outputs(outputs, get, photo):
    """outputs: name -> {key, bytes, sha256, ...}; get(key) -> bytes"""
    assert set(outputs) == set(FORMATS)
    sizes = expected_sizes(photo)
    for name, output in outputs.items():
        body = get(output["key"])
        assert hashlib.sha256(body).hexdigest() == output["sha256"]
        assert len(body) == output["bytes"]
        with Image.open(io.BytesIO(body)) as image:
            image.load()
            assert image.format == FORMATS[name]
            assert image.size == sizes[name] == (output["width"], output["height"])


def outputs_of(manifest):
    return {entry["key"].rsplit("/", 1)[1].split(".")[0]: entry for entry in manifest["outputs"]}


def check_manifest(job, output, get, photo):
    assert output["key"] == f"out/{job}/manifest.json"
    body = get(output["key"])
    assert hashlib.sha256(body).hexdigest() == output["sha256"]
    manifest = json.loads(body)
    assert manifest["job"] == job
    check_outputs(outputs_of(manifest), get, photo)


def s3_get(key):
    return storage().get_object(Bucket=os.environ["MILLRACE_S3_BUCKET"], Key=key)["Body"].read()


def test_over_http_comes_out_as_four_renditions_in_minio(photo, mark):
    with Cluster() as cluster:
        for name in ("orchestrator", "worker", "gateway"):
            cluster.start(name)
        cluster.http("PUT", "/v1/workflows/demo", DEMO)
        stored = cluster.http("POST", "/v1/uploads?name=photo.jpg", photo.read_bytes())[1]
        assert stored["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
        assert s3_get(stored["key"]) == photo.read_bytes()
        overlay = cluster.http("POST", "/v1/uploads?name=mark.png", mark.read_bytes())[1]
        job = cluster.http("POST", "/v1/jobs", {"workflow": "demo", "input": {
            "source": {"key": stored["key"]}, "mark": {"key": overlay["key"]}}})[1]["id"]
        row = cluster.ended(job)
        assert row["status"] == "SUCCEEDED", row
        check_manifest(job, json.loads(row["output"]), s3_get, photo)
        listed = cluster.http("GET", f"/v1/jobs/{job}/outputs")[1]["outputs"]
        assert set(FORMATS) <= {output["name"] for output in listed}
        for output in listed:
            assert hashlib.sha256(cluster.http("GET", output["href"])[1] if not output["key"].endswith(".json")
                                  else s3_get(output["key"])).hexdigest() == output["sha256"]
        status = cluster.http("GET", f"/v1/jobs/{job}")[1]
        assert (status["status"], status["workflow"]) == ("SUCCEEDED", "demo")
        types = [event["type"] for event in cluster.http("GET", f"/v1/jobs/{job}/history")[1]["events"]]
        assert types[0] == "ExecutionStarted" and types[-1] == "ExecutionSucceeded"
        assert "ChoiceStateEntered" in types and "ParallelStateSucceeded" in types


def test_by_a_job_message_of_kcat(photo, mark):
    with Cluster() as cluster:
        cluster.start("orchestrator")
        cluster.start("worker")
        bucket = os.environ["MILLRACE_S3_BUCKET"]
        storage().put_object(Bucket=bucket, Key=f"in/{cluster.prefix}.jpg", Body=photo.read_bytes())
        storage().put_object(Bucket=bucket, Key=f"in/{cluster.prefix}.png", Body=mark.read_bytes())
        job = f"kcat-{cluster.prefix}"
        message = json.dumps({"id": job, "definition": DEMO, "input": {
            "source": {"key": f"in/{cluster.prefix}.jpg"}, "mark": {"key": f"in/{cluster.prefix}.png"}}})
        subprocess.run(["kcat", "-P", "-b", cluster.brokers, "-t", f"{cluster.prefix}.jobs"], input=message, text=True, check=True)
        row = cluster.ended(job)
        assert row["status"] == "SUCCEEDED", row
        check_manifest(job, json.loads(row["output"]), s3_get, photo)
        recipe = f"recipe-{cluster.prefix}"
        message = json.dumps({"id": recipe, "recipe": {"source": {"key": f"in/{cluster.prefix}.jpg"}, "outputs": [
            {"name": "thumb", "format": "avif", "ops": [{"op": "resize", "width": 120, "height": 120}]}]}})
        subprocess.run(["kcat", "-P", "-b", cluster.brokers, "-t", f"{cluster.prefix}.jobs"], input=message, text=True, check=True)
        row = cluster.ended(recipe)
        assert row["status"] == "SUCCEEDED", row
        assert json.loads(row["output"])["outputs"]["thumb"]["width"] == 120


def test_a_broken_picture_fails_its_job_and_the_decoder_lives_on(photo):
    with Cluster() as cluster:
        cluster.start("orchestrator")
        worker = cluster.start("worker", WORKER_SLOTS="1")
        bucket = os.environ["MILLRACE_S3_BUCKET"]
        key = f"in/{cluster.prefix}"
        storage().put_object(Bucket=bucket, Key=f"{key}-cut.jpg", Body=photo.read_bytes()[:20000])
        storage().put_object(Bucket=bucket, Key=f"{key}.jpg", Body=photo.read_bytes())
        recipe = {"outputs": [{"name": "a", "format": "jpeg", "ops": [{"op": "resize", "width": 100}]}]}
        cluster.submit("broken-1", recipe={"source": {"key": f"{key}-cut.jpg"}, **recipe})
        row = cluster.ended("broken-1")
        assert (row["status"], row["error"]) == ("FAILED", "Image.Corrupt"), row
        children = pathlib.Path(f"/proc/{worker.process.pid}/task/{worker.process.pid}/children")
        before = children.read_text()
        cluster.submit("whole-1", recipe={"source": {"key": f"{key}.jpg"}, **recipe})
        assert cluster.ended("whole-1")["status"] == "SUCCEEDED"
        assert children.read_text() == before
        cluster.submit("absent-1", recipe={"source": {"key": f"{key}-absent.jpg"}, **recipe})
        assert cluster.ended("absent-1")["error"] == "Blob.NotFound"


def test_a_picture_by_its_url_is_fetched_and_its_signature_is_in_no_log(photo):
    at = os.environ["MILLRACE_S3_ENDPOINT"].split("//")[1]
    host, port = at.rstrip("/").split(":")
    with Cluster(WORKER_FETCH="http", WORKER_FETCH_PORTS=port, WORKER_FETCH_PRIVATE=host) as cluster:
        cluster.start("orchestrator")
        worker = cluster.start("worker", MILLRACE_LOG_LEVEL="debug")
        key, bucket = f"in/{cluster.prefix}.jpg", os.environ["MILLRACE_S3_BUCKET"]
        storage().put_object(Bucket=bucket, Key=key, Body=photo.read_bytes())
        outputs = [{"name": "a", "format": "webp", "ops": [{"op": "resize", "width": 300}]}]

        def submit(job, wanted):
            url = storage().generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": wanted}, ExpiresIn=300)
            cluster.submit(job, recipe={"source": {"url": url}, "outputs": outputs})
            return url, cluster.ended(job)

        url, row = submit("by-url-1", key)
        assert row["status"] == "SUCCEEDED", row
        with Image.open(io.BytesIO(s3_get(json.loads(row["output"])["outputs"]["a"]["key"]))) as image:
            assert (image.format, image.width) == ("WEBP", 300)
        absent, row = submit("by-url-2", "in/absent.jpg")
        assert (row["status"], row["error"]) == ("FAILED", "Blob.NotFound"), row
        assert "/in/absent.jpg" in row["cause"]
        for secret in (url.split("Signature=")[1].split("&")[0], absent.split("Signature=")[1].split("&")[0]):
            assert secret not in row["cause"] and all(secret not in program.text() for program in cluster.programs)
        assert "by-url-1" in worker.text()  # it does say what it does


# ---- a person in between -------------------------------------------------------------------------------


@contextlib.contextmanager
def a_reviewer(cluster, desk):
    """The example beside the moderation workflow."""
    process = subprocess.Popen([sys.executable, TREE / "docs/examples/reviewer/reviewer.py", desk], stdin=subprocess.DEVNULL,
                               env={**os.environ, "MILLRACE_TOPICS": cluster.prefix})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_picture_waits_for_a_person_even_when_the_reviewer_is_killed(photo, tmp_path):
    definition = json.loads((TREE / "docs/examples/workflows/moderation.json").read_text())
    definition["States"]["Review"] |= {"HeartbeatSeconds": 4, "Retry": []}  # a missed sign of life fails the job
    with Cluster() as cluster:
        for name in ("orchestrator", "worker"):
            cluster.start(name)
        key = f"in/{cluster.prefix}.jpg"
        storage().put_object(Bucket=os.environ["MILLRACE_S3_BUCKET"], Key=key, Body=photo.read_bytes())

        def laid(job):
            return next(iter(tmp_path.glob(f"{job}.*.json")), None)

        def submit(job):
            return cluster.submit(job, definition=definition, input={"source": {"key": key}})

        submit("blurred-1")
        submit("refused-1")
        with a_reviewer(cluster, tmp_path):
            blurred, refused = wait_until(lambda: laid("blurred-1")), wait_until(lambda: laid("refused-1"))
        with a_reviewer(cluster, tmp_path):
            with Image.open(io.BytesIO(s3_get(json.loads(refused.read_text())["picture"]))) as preview:
                assert max(preview.size) == 512
            time.sleep(6)  # longer than a heartbeat: only signs of life keep both waiting
            refused.with_suffix(".verdict").write_text('{"verdict": "refuse"}')
            blurred.with_suffix(".verdict").write_text('{"verdict": "blur", "sigma": 12}')
            row = cluster.ended("refused-1")
            assert (row["status"], row["error"]) == ("FAILED", "Moderation.Refused"), row
            row = cluster.ended("blurred-1")
        assert row["status"] == "SUCCEEDED", row
        published = json.loads(row["output"])["outputs"]["published"]
        with Image.open(io.BytesIO(s3_get(published["key"]))) as image:
            assert (image.format, image.width) == ("WEBP", 1280)
        assert not list(tmp_path.glob("*.json"))


# ---- the embedded default --------------------------------------------------------------------------


@pytest.fixture
def embedded():
    cluster = Embedded()
    yield cluster
    cluster.down()
    for log in (cluster.data / "logs").glob("*.log"):
        print(f"---- {log.name}\n{log.read_text(errors='replace')[-2500:]}")


def test_on_the_embedded_default_by_the_command_line(embedded, photo, mark, folder):
    embedded.up()
    embedded.cli("workflow", "put", "demo", str(TREE / "deploy" / "demo.workflow.json"))
    key = embedded.cli("upload", str(mark)).strip()
    said = embedded.cli("submit", "demo", "--upload", str(photo), "--input", json.dumps({"mark": {"key": key}}), "--watch")
    job = said.split("job")[1].split()[0]
    assert "SUCCEEDED" in said
    where = folder / "outputs"
    embedded.cli("outputs", job, "--to", str(where))
    row = json.loads(embedded.cli("show", job, "--json"))
    output = row["output"] if isinstance(row["output"], dict) else json.loads(row["output"])

    def get(name):
        return (where / name.rsplit("/", 1)[1]).read_bytes()
    listed = json.loads(embedded.cli("outputs", job, "--json"))["outputs"]
    check_outputs({entry["name"]: entry for entry in listed if entry["name"] in FORMATS}, get, photo)
    assert output["count"] == 4
    assert job in embedded.cli("ls")
    assert "ExecutionSucceeded" in embedded.cli("history", job)
    assert "demo" in embedded.cli("workflow", "ls")
    doctor = embedded.cli("doctor", check=False)
    assert doctor.returncode == 0, doctor.stdout
    refused = embedded.cli("show", "no-such-job", check=False)
    assert refused.returncode == 1 and "404" in refused.stderr
    assert embedded.cli("submit", check=False).returncode == 2


def test_kill_9_of_everything_at_once_loses_nothing(embedded):
    embedded.up()
    definition = embedded.data / "wait.json"
    definition.write_text(json.dumps({"StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 2, "Next": "A"}, "A": {"Type": "Task", "Resource": "millrace:noop", "End": True}}}))
    jobs = []
    for i in range(12):
        said = json.loads(embedded.cli("submit", str(definition), "--input", json.dumps({"i": i}), "--json"))
        jobs.append(said["id"])
    embedded.kill_everything()
    started = time.monotonic()
    embedded.up()
    assert time.monotonic() - started < 30
    for i, job in enumerate(jobs):
        assert embedded.cli("watch", job)
        row = json.loads(embedded.cli("show", job, "--json"))
        assert row["status"] == "SUCCEEDED"
        output = row["output"] if isinstance(row["output"], dict) else json.loads(row["output"])
        assert output == {"i": i}


def test_the_embedded_log_is_trimmed_behind_the_position(embedded):
    embedded.env |= {"ORCH_LOG_KEEP": "100", "MILLRACE_SHARDS": "1"}
    embedded.up()
    definition = embedded.data / "noop.json"
    definition.write_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "millrace:noop", "End": True}}}))
    for _ in range(120):
        job = json.loads(embedded.cli("submit", str(definition), "--json"))["id"]
    embedded.cli("watch", job)
    client = redis.Redis(port=int(embedded.env["MILLRACE_REDIS_PORT"]), decode_responses=True)
    logs = [name for name in client.scan_iter("mr:bus:*", 1000) if "millrace.log" in name and client.type(name) == "stream"]
    assert len(logs) == 1
    assert int(client.hget("mr:{0}:pos", "next")) > 240
    wait_until(lambda: client.xlen(logs[0]) <= 110)
    assert "ExecutionSucceeded" in embedded.cli("history", job)
