"""A distributed Map over a table of several pages, on real Kafka, Redis and MinIO: each row is worked on once though the programs
are killed meanwhile, and each that was read is in the result files once, also where the Map fails."""

import csv
import io
import itertools
import json
import os

import boto3
from botocore.config import Config

from cluster import Cluster, wait_until

BUCKET = os.environ.get("MILLRACE_S3_BUCKET", "")
ROWS, BATCH = 3000, 50
ODD = {7, 1234, 2999}  # rows that fail the job of their batch

ITEMS = {"StartAt": "Rows", "States": {"Rows": {
    "Type": "Map", "Label": "Rows", "MaxConcurrency": 20, "ToleratedFailureCount": len(ODD) * BATCH, "End": True,
    "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                   "Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.key"}},
    "ItemBatcher": {"MaxItemsPerBatch": BATCH},
    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Odd", "States": {
        "Odd": {"Type": "Choice", "Default": "Work", "Choices": [
            {"Or": [{"Variable": f"$.Items[{row % BATCH}].row", "StringEquals": str(row)} for row in ODD], "Next": "Bad"}]},
        "Bad": {"Type": "Fail", "Error": "Row.Odd"},
        "Work": {"Type": "Task", "Resource": "millrace:noop", "ResultPath": None, "Next": "Sum"},
        "Sum": {"Type": "Pass", "Parameters": {"rows.$": "$.Items[*].row"}, "End": True}}},
    "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket.$": "$.bucket", "Prefix.$": "$.results"}}}}}

# Row 30 fails, the other even ones are done at once, the odd ones wait for long.
FAILS = {"StartAt": "Rows", "States": {"Rows": dict({name: field for name, field in ITEMS["States"]["Rows"].items() if name not in (
    "ItemBatcher", "ToleratedFailureCount")}, MaxConcurrency=40, ItemProcessor={
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Kind", "States": {
            "Kind": {"Type": "Choice", "Default": "Long", "Choices": [
                {"Variable": "$.row", "StringEquals": "30", "Next": "Bad"},
                {"Or": [{"Variable": "$.row", "StringMatches": f"*{digit}"} for digit in "02468"], "Next": "Done"}]},
            "Bad": {"Type": "Fail", "Error": "Row.Bad"}, "Done": {"Type": "Succeed"},
            "Long": {"Type": "Wait", "Seconds": 3600, "End": True}}})}}


def storage():
    return boto3.client("s3", endpoint_url=os.environ["MILLRACE_S3_ENDPOINT"], region_name=os.environ["MILLRACE_S3_REGION"],
                        aws_access_key_id=os.environ["MILLRACE_S3_ACCESS_KEY"], aws_secret_access_key=os.environ["MILLRACE_S3_SECRET_KEY"],
                        config=Config(s3={"addressing_style": "path"}, proxies={}))


def table():
    """A megabyte: four pages."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["row", "note"])
    rows.writerows([row, f"{'filler, ' * 40}{row}"] for row in range(ROWS))
    assert len(out.getvalue()) > 900_000
    return out.getvalue().encode()


def records(s3, manifest):
    """{status: records} of the files that a manifest names, and only those lie beside it."""
    named, found = set(), {}
    for status, files in manifest["ResultFiles"].items():
        found[status] = []
        for entry in files:
            body = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
            assert len(body) == entry["Size"], entry
            named.add(entry["Key"])
            found[status] += json.loads(body)
    folder = next(iter(named)).rsplit("/", 1)[0]
    there = {entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=folder + "/")["Contents"]}
    assert there == named | {folder + "/manifest.json"}
    return found


def test_each_row_of_many_pages_is_worked_on_once_though_the_programs_die():
    s3 = storage()
    with Cluster() as cluster:
        key, results = f"{cluster.prefix}/rows.csv", f"{cluster.prefix}/results"
        s3.put_object(Bucket=BUCKET, Key=key, Body=table())
        programs = [cluster.start("orchestrator"), cluster.start("worker")]
        cluster.submit("map-1", definition=ITEMS, input={"bucket": BUCKET, "key": key, "results": results})

        def pages():
            return sum(b'"cursor"' in value and b"map.read" in value for _, _, _, value in cluster.read("tasks.io"))
        for died in (1, 2):  # behind the first page, and behind the second
            wait_until(lambda: pages() >= died, 60)
            for program in programs:
                program.kill()
            programs = [cluster.start("orchestrator"), cluster.start("worker")]
        row = cluster.ended("map-1", 120)
        assert row["status"] == "SUCCEEDED", row
        details = json.loads(row["output"])["ResultWriterDetails"]
        manifest = json.loads(s3.get_object(Bucket=details["Bucket"], Key=details["Key"])["Body"].read())
        found = records(s3, manifest)
        assert sorted(found) == ["FAILED", "PENDING", "SUCCEEDED"] and found["PENDING"] == []
        assert {(record["Status"], record["Error"]) for record in found["FAILED"]} == {("FAILED", "Row.Odd")}
        bad = [[item["row"] for item in json.loads(record["Input"])["Items"]] for record in found["FAILED"]]
        good = [json.loads(record["Output"])["rows"] for record in found["SUCCEEDED"]]
        assert sorted(int(row) for batch in good + bad for row in batch) == list(range(ROWS))
        assert {row for row in ODD if any(str(row) in batch for batch in bad)} == ODD and len(bad) == len(ODD)
        for record in found["SUCCEEDED"]:
            given = json.loads(record["Input"])["Items"]
            assert [item["row"] for item in given] == json.loads(record["Output"])["rows"]
            assert all(item["note"] == f"{'filler, ' * 40}{item['row']}" for item in given)
        cluster.outbox_is_empty()


def test_each_row_that_a_failed_map_has_read_is_in_one_file():
    s3 = storage()
    with Cluster() as cluster:
        key, results = f"{cluster.prefix}/rows.csv", f"{cluster.prefix}/results"
        s3.put_object(Bucket=BUCKET, Key=key, Body=table())
        cluster.start("orchestrator")
        cluster.start("worker")
        cluster.submit("map-1", definition=FAILS, input={"bucket": BUCKET, "key": key, "results": results})
        row = cluster.ended("map-1", 60)
        assert row["error"] == "States.ExceedToleratedFailureThreshold", row
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=results)["Contents"]
        manifest = next(entry["Key"] for entry in listed if entry["Key"].endswith("/manifest.json"))
        found = records(s3, json.loads(s3.get_object(Bucket=BUCKET, Key=manifest)["Body"].read()))
        rows = {}
        for record in itertools.chain(*found.values()):
            rows.setdefault(record["Status"], []).append(int(json.loads(record["Input"])["row"]))
        everything = sorted(itertools.chain(*rows.values()))
        assert everything == list(range(len(everything))) and len(everything) > 700  # whole pages
        assert rows["FAILED"] == [30]
        assert rows["ABORTED"] and all(number % 2 for number in rows["ABORTED"])
        assert rows["SUCCEEDED"] and not any(number % 2 for number in rows["SUCCEEDED"])
        assert min(rows["PENDING"]) > max(rows["ABORTED"] + rows["SUCCEEDED"])
        cluster.outbox_is_empty()
