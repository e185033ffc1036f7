"""Every program killed with -9 at every numbered step of docs/lifecycle.md, then started again: the job ends right, no
event is applied twice, nothing is left in the outbox."""

import re
import signal

import pytest

from cluster import STEPS, TREE, Cluster, wait_until

LIFECYCLE = (TREE / "docs" / "lifecycle.md").read_text()
POINTS = sorted(set(re.findall(r"\*((?:admit|advance|relay|timer|take|worker|evaluate)\.[a-z]+)\*", LIFECYCLE)))
# Not passed by the job below: dead letters and pictures have tests of their own.
ELSEWHERE = {"admit.dead", "worker.rendered", "worker.stored"}
# All that a job can wait for: tasks, a timer, branches, and an evaluation of JSONata.
JOB = {**STEPS, "States": {**STEPS["States"], "Z": {"Type": "Task", "Resource": "millrace:noop", "Next": "J"},
                           "J": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input %}", "End": True}}}


def test_the_document_and_the_code_name_the_same_fail_points():
    code = set()
    for folder in ("orchestrator", "worker", "gateway"):
        for source in (TREE / folder).rglob("*.c"):
            code |= set(re.findall(r'mr_fail_point\("([a-z._]+)"\)', source.read_text()))
    said = set(re.findall(r"\*((?:admit|advance|relay|timer|take|worker|gateway|quarantine|evaluate)\.[a-z]+)\*", LIFECYCLE))
    assert code == said


@pytest.fixture(scope="module")
def calm_run():
    with Cluster() as cluster:
        cluster.start("orchestrator")
        cluster.start("worker")
        row = cluster.ended(cluster.submit("calm-1", definition=JOB, input={"x": 1}))
        return {name: row[name] for name in ("status", "output", "steps_entered", "steps_done", "rev")}


@pytest.mark.parametrize("point", [point for point in POINTS if point not in ELSEWHERE])
def test_killed_at(point, calm_run):
    victim = "worker" if point.startswith("worker.") else "orchestrator"
    with Cluster() as cluster:
        names = ["orchestrator", "worker"]
        programs = {name: cluster.start(name, ready=False, **({"MILLRACE_FAIL_POINT": point} if name == victim else {}))
                    for name in names}
        if victim == "worker" or not point.startswith(("take.", "advance.")):
            programs["orchestrator"].says("shard.live")
        else:
            wait_until(lambda: "kafka.topic_made topic=" + cluster.prefix + ".tasks.io" in programs["orchestrator"].text()
                       or programs["orchestrator"].process.poll() is not None)
        cluster.submit("calm-1", definition=JOB, input={"x": 1})
        assert programs[victim].died() == signal.SIGKILL
        cluster.start(victim)
        row = cluster.ended("calm-1")
        assert {name: row[name] for name in calm_run} == calm_run
        cluster.outbox_is_empty()
        assert list(cluster.notices("calm-1").values()) == ["millrace.job.succeeded"]


def test_killed_while_writing_a_dead_letter():
    with Cluster() as cluster:
        victim = cluster.start("orchestrator", MILLRACE_FAIL_POINT="admit.dead")
        cluster.produce("jobs", b"poison", "p")
        assert victim.died() == signal.SIGKILL
        cluster.start("orchestrator")
        cluster.start("worker")
        cluster.ended(cluster.submit("after-1", definition=STEPS))
        letters = cluster.letters()
        assert {(letter["partition"], letter["offset"]) for letter in letters} == {(letters[0]["partition"], 0)}


def test_a_gateway_killed_before_its_answer_is_asked_again():
    with Cluster() as cluster:
        cluster.start("orchestrator")
        cluster.start("worker")
        victim = cluster.start("gateway", MILLRACE_FAIL_POINT="gateway.sent")
        body, key = {"definition": STEPS, "input": {"x": 1}}, {"Idempotency-Key": "order-7"}
        with pytest.raises(OSError):
            cluster.http("POST", "/v1/jobs", body, headers=key)
        assert victim.died() == signal.SIGKILL
        cluster.start("gateway")
        status, answer = cluster.http("POST", "/v1/jobs", body, headers=key)
        assert status == 202
        assert cluster.http("POST", "/v1/jobs", body, headers=key)[1]["id"] == answer["id"]
        assert cluster.ended(answer["id"])["status"] == "SUCCEEDED"
        status, problem = cluster.http("POST", "/v1/jobs", dict(body, input={"x": 2}), headers=key, check=False)
        assert status == 409, problem
        assert len(cluster.notices(answer["id"])) == 1
        jobs = sum(cluster.redis.zcard(f"mr:{{{s}}}:closed:SUCCEEDED") for s in range(2))
        assert jobs == 1
