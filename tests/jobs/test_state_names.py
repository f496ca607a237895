"""The names of a job's states, and the job as one state."""

import aws_cdk as cdk
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import DatasetImportJob
from tests.jobs.machines import Data, definition, job, machine


def test_two_jobs_of_a_kind_have_names_of_their_own(stack: cdk.Stack, data: Data) -> None:
    """They stand in one machine, and the first job leads to the second."""
    machine(stack, job(data, DatasetImportJob, "One"), job(data, DatasetImportJob, "Two"))
    states = definition(stack)["States"]
    assert states["One done"]["Next"] == "Prepare Two"
    names = [states[f"Prepare {id}"]["Output"]["Arguments"]["JobName"] for id in ("One", "Two")]
    assert names == ["{% 'StackOne30A4127A-' & $uuid() %}", "{% 'StackTwo3036A41A-' & $uuid() %}"]


def test_prefixed_states_still_lead_to_each_other(stack: cdk.Stack, data: Data) -> None:
    """``prefix_states`` after construction, as the CDK allows it."""
    machine(stack, job(data, DatasetImportJob).prefix_states("Nightly "))
    states = definition(stack)["States"]
    assert list(states) == [
        "Nightly Prepare Job",
        "Nightly Start Job",
        "Nightly Wait for Job",
        "Nightly Describe Job",
        "Nightly Status of Job",
        "Nightly Job done",
        "Nightly Job failed",
    ]
    assert states["Nightly Start Job"]["Catch"][0]["Next"] == "Nightly Wait for Job"


def test_a_job_as_one_state_can_be_caught(stack: cdk.Stack, data: Data) -> None:
    """Any failure in it can be caught, and its input goes on beside its result."""
    state = job(data, DatasetImportJob).to_single_state(result_path="$.imported")
    machine(stack, state.add_catch(sfn.Pass(stack, "Tell"), result_path="$.error"))
    parallel = definition(stack)["States"]["Job"]
    assert (parallel["Type"], parallel["ResultPath"]) == ("Parallel", "$.imported")
    assert parallel["Catch"] == [
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}
    ]
    assert parallel["Branches"][0]["StartAt"] == "Job: Prepare Job"


def test_a_job_as_one_state_of_a_jsonata_machine(stack: cdk.Stack, data: Data) -> None:
    """Its input goes on by its output, as the page on jobs has it."""
    output = "{% $merge([$states.input, {'Job': $states.result[0]}]) %}"
    state = job(data, DatasetImportJob).to_single_state(outputs=output)
    machine(stack, state, query_language=sfn.QueryLanguage.JSONATA)
    assert definition(stack)["States"]["Job"]["Output"] == output
