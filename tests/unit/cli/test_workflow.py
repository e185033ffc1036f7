"""test_workflow.py -- what `millrace workflow` says of definitions without a cluster."""

import json
import os
import pathlib
import subprocess

import pytest

TREE = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("MILLRACE_BUILD", TREE / "build/dev")) / "bin"

MACHINE = {"StartAt": "Render", "States": {
    "Render": {"Type": "Task", "Resource": "millrace:image.render", "TimeoutSeconds": 30,
               "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 2}],
               "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sad"}], "Next": "Cool"},
    "Cool": {"Type": "Wait", "Seconds": 60, "End": True},
    "Sad": {"Type": "Fail", "Error": "Gone"}}}


def millrace(*words):
    done = subprocess.run([BIN / "millrace", "workflow", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(name="machine")
def _machine(tmp_path):
    path = tmp_path / "machine.json"
    path.write_text(json.dumps(MACHINE))
    return path


def test_a_good_definition_is_valid_and_a_bad_one_has_its_faults_told(machine, tmp_path):
    status, said, _ = millrace("validate", machine)
    assert status == 0 and "3 states" in said
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({**MACHINE, "StartAt": "Nowhere"}))
    status, said, wrong = millrace("validate", bad)
    assert status == 1 and "/StartAt" in said and wrong == ""
    status, said, _ = millrace("validate", bad, "--json")
    answer = json.loads(said)
    assert status == 1 and answer["result"] == "FAIL" and answer["diagnostics"][0]["location"] == "/StartAt"


def test_any_bytes_have_diagnostics(tmp_path):
    noise = tmp_path / "noise"
    noise.write_bytes(bytes(range(256)))
    status, said, _ = millrace("validate", noise)
    assert status == 1 and "INVALID_JSON" in said


def test_express_machines_are_held_to_their_rules(tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"StartAt": "A", "States": {"A": {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}}}))
    assert millrace("validate", path)[0] == 0
    assert millrace("validate", path, "--express")[0] == 1


def test_a_simulation_prints_the_path_and_takes_no_time(machine):
    answers = {"Render": {"script": [{"hang": True}, {"return": {"ok": 1}, "after_seconds": 1.5}]}}
    status, said, _ = millrace("simulate", machine, "--answers", json.dumps(answers))
    assert status == 0
    lines = [line.split() for line in said.splitlines()]
    assert ["0.0", "s", "Render", "Task"] in lines
    assert ["33.5", "s", "Cool", "Wait"] in lines
    assert ["93.5", "s", "SUCCEEDED"] in lines


def test_a_simulation_as_json_has_path_calls_and_events(machine, tmp_path):
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"millrace:image.render": {"raise": {"error": "Image.Corrupt"}}}))
    status, said, _ = millrace("simulate", machine, "--answers", f"@{answers}", "--input", '{"n": 1}', "--json")
    answer = json.loads(said)
    assert status == 1
    assert answer["path"] == ["Render", "Sad"] and answer["status"] == "FAILED" and answer["error"] == "Gone"
    assert answer["calls"] == [{"state": "Render", "resource": "millrace:image.render", "input": {"n": 1}}]
    assert answer["events"][0] == "ExecutionStarted" and answer["events"][-1] == "ExecutionFailed"


def test_a_task_without_an_answer_is_named(machine):
    status, _, wrong = millrace("simulate", machine)
    assert status == 1 and "Render" in wrong and "millrace:image.render" in wrong
    assert millrace("simulate", machine, "--echo")[0] == 0


def test_one_state_can_be_tested(machine):
    status, said, _ = millrace("test-state", machine, "--state", "Render", "--result", '{"a": 1}', "--level", "DEBUG", "--json")
    answer = json.loads(said)
    assert status == 0 and answer["status"] == "SUCCEEDED" and answer["nextState"] == "Cool"
    assert answer["inspectionData"]["result"] == {"a": 1}
    _, said, _ = millrace("test-state", machine, "--state", "Render", "--error", "Boom", "--cause", "why")
    assert "CAUGHT_ERROR" in said and "Sad" in said
    status, _, wrong = millrace("test-state", machine, "--state", "Render")
    assert status == 1 and "needs a mock" in wrong


def test_a_mock_is_held_against_what_the_service_answers(tmp_path):
    state = tmp_path / "send.json"
    state.write_text(json.dumps({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}))
    status, _, wrong = millrace("test-state", state, "--result", '{"MessageId": 5}')
    assert status == 1 and "'MessageId' must be a string" in wrong
    looks_at_nothing = '{"mock": {"fieldValidationMode": "NONE"}}'
    status, said, _ = millrace("test-state", state, "--result", '{"MessageId": 5}', "--request", looks_at_nothing)
    assert status == 0 and "SUCCEEDED" in said


def test_what_differs_between_two_definitions_is_told_by_place(machine, tmp_path):
    other = tmp_path / "other.json"
    changed = json.loads(json.dumps(MACHINE))
    changed["States"]["Render"]["TimeoutSeconds"] = 31
    del changed["States"]["Render"]["Retry"]
    changed["Comment"] = "new"
    other.write_text(json.dumps(changed))
    status, said, _ = millrace("diff", machine, other)
    assert status == 1
    assert "~ /States/Render/TimeoutSeconds  30  ->  31" in said
    assert "- /States/Render/Retry" in said and '+ /Comment  "new"' in said
    assert millrace("diff", machine, machine) == (0, "", "")


def test_unknown_words_say_how_it_is_used():
    status, _, wrong = millrace("what")
    assert status == 2 and "usage: millrace workflow put" in wrong


def test_warnings_say_what_is_hardly_meant_and_refuse_nothing(tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "millrace:x.y", "Parameters": {"key": "$.source.key", "list": ["$.a"], "n": {"t": "States.UUID()"}, "ok.$": "$.b"},
              "Retry": [{"ErrorEquals": ["States.Runtime"]}], "TimeoutSeconds": 9, "HeartbeatSeconds": 9, "Next": "B"},
        "B": {"Type": "Pass", "Result": {"x.$": "$.y"}, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Not": {"Variable": "$.a", "StringEquals": "$.b"}, "Next": "D"}], "Default": "D"},
        "D": {"Type": "Fail", "Error": "$.error", "Cause": "a text"}}}))
    status, said, _ = millrace("validate", path, "--json")
    answer = json.loads(said)
    assert status == 0 and answer["result"] == "OK"
    assert {(item["code"], item["location"]) for item in answer["diagnostics"]} == {
        ("NO_DOLLAR", "/States/A/Parameters/key"), ("NO_DOLLAR", "/States/A/Parameters/n/t"),
        ("HEARTBEAT_IS_LATE", "/States/A/HeartbeatSeconds"),
        ("RUNTIME_IS_FINAL", "/States/A/Retry/0/ErrorEquals"), ("PASS_RESULT_IS_STATIC", "/States/B/Result/x.$"),
        ("NO_PATH", "/States/C/Choices/0/Not/StringEquals"), ("NO_PATH", "/States/D/Error")}
    assert {item["severity"] for item in answer["diagnostics"]} == {"WARNING"}


def test_an_id_can_be_taken_apart_as_an_arn(tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Parameters": {
            "place.$": "States.Format('{}/{}', States.ArrayGetItem(States.StringSplit($$.Execution.Id, ':'), 3), "
                       "States.ArrayGetItem(States.StringSplit($$.StateMachine.Id, ':'), 4))",
            "job.$": "States.ArrayGetItem(States.StringSplit($$.Execution.Id, ':'), 7)", "name.$": "$$.Execution.Name"},
              "Assign": {"of.$": "States.ArrayGetItem(States.StringSplit($$.StateMachine.Id, ':'), 6)"}, "Next": "B"},
        "B": {"Type": "Pass", "QueryLanguage": "JSONata", "End": True, "Output": {
            "is": "{% $states.input.job = $states.input.name %}", "place": "{% $states.input.place %}", "of": "{% $of %}",
            "kind": "{% $split($states.context.Execution.Id, ':')[5] %}"}}}}))
    status, said, _ = millrace("simulate", path, "--json")
    assert status == 0
    output = json.loads(said)["output"]
    assert output == {"is": True, "place": "local/000000000000", "of": output["of"], "kind": "execution"} and output["of"]


def test_jsonata_is_checked_and_evaluated(tmp_path):
    path = tmp_path / "m.json"

    def write(expression):
        path.write_text(json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {"Type": "Pass", "Output": {"sum": "{% " + expression + " %}"}, "End": True}}}))
    write("$sum($states.input.n)")
    assert millrace("validate", path)[0] == 0
    status, said, _ = millrace("simulate", path, "--input", '{"n": [1, 2]}', "--json")
    assert status == 0 and json.loads(said)["output"] == {"sum": 3}
    write("$sum($states.input.n")
    status, said, _ = millrace("validate", path, "--json")
    answer = json.loads(said)
    assert status == 1 and answer["diagnostics"][0]["location"] == "/States/A/Output/sum"
    assert "S0203" in answer["diagnostics"][0]["message"] or "character" in answer["diagnostics"][0]["message"]
