"""The names of a job's states, and the job as one state."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import DatasetImportJob
from tests.jobs.machines import DATASET, Data, definition, machine


def importing(stack: cdk.Stack, data: Data, id: str = "Import", **other: Any) -> DatasetImportJob:
    arguments = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/"), **other}
    return DatasetImportJob(stack, id, **arguments)


@pytest.mark.parametrize(
    "options",
    [{}, {"job_name": "monday"}, {"dataset_arn": sfn.JsonPath.string_at("$.dataset")}],
    ids=["plain", "given name", "JsonPath"],
)
def test_an_id_that_makes_too_long_a_state_name(stack: cdk.Stack, data: Data, options: dict[str, Any]) -> None:
    """Step Functions takes 80 characters, and every one of them."""
    id = "I" * 70  # Status of …
    machine(stack, importing(stack, data, id, **options))
    assert max(map(len, definition(stack)["States"])) == 80
    with pytest.raises(
        ValueError,
        match=f"^Stack/{id}I: the state '.*{id}I' has a name of 81 characters but Step Functions takes 80: use a "
        "shorter id, or a shorter prefix if the states have one$",
    ):
        importing(stack, data, id + "I", **options)


def test_a_refused_id_allows_nothing(stack: cdk.Stack, data: Data) -> None:
    """As with everything that is refused."""
    with pytest.raises(ValueError, match="has a name of 81 characters"):
        importing(stack, data, "I" * 71)
    assert data.encrypted.policy is None


def test_a_prefix_that_makes_too_long_a_state_name(stack: cdk.Stack, data: Data) -> None:
    """The name is known as soon as the prefix is."""
    job = importing(stack, data)
    with pytest.raises(ValueError, match=r"the state 'P{65}Status of Import' has a name of 81 characters"):
        job.prefix_states("P" * 65)
    machine(stack, job.prefix_states("P" * 64))
    assert "P" * 64 + "Status of Import" in definition(stack)["States"]


def test_a_second_prefix_is_put_before_the_first(stack: cdk.Stack, data: Data) -> None:
    """Both count."""
    job = importing(stack, data).prefix_states("P" * 60)
    with pytest.raises(ValueError, match=r"the state 'SSSSSP{60}Status of Import' has a name of 81 characters"):
        job.prefix_states("SSSSS")


def test_a_single_state_has_the_id_twice_in_its_names(stack: cdk.Stack, data: Data) -> None:
    """``to_single_state`` prefixes the states with the id; jsii makes a RuntimeError of it."""
    with pytest.raises(RuntimeError, match="has a name of 84 characters but Step Functions takes 80"):
        importing(stack, data, "I" * 36).to_single_state()


def test_two_jobs_of_a_kind_have_names_of_their_own(stack: cdk.Stack, data: Data) -> None:
    """In one machine, with states that lead from one to the other."""
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/")}
    machine(stack, DatasetImportJob(stack, "One", **options), DatasetImportJob(stack, "Two", **options))
    states = definition(stack)["States"]
    assert states["One done"]["Next"] == "Prepare Two"
    names = [states[f"Prepare {id}"]["Output"]["Arguments"]["JobName"] for id in ("One", "Two")]
    assert names == ["{% 'StackOne30A4127A-' & $uuid() %}", "{% 'StackTwo3036A41A-' & $uuid() %}"]


def test_prefixed_states_still_lead_to_each_other(stack: cdk.Stack, data: Data) -> None:
    """``prefix_states`` after construction, as the CDK allows it, and a fragment as one state that can be caught."""
    job = DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at("in/"))
    machine(stack, job.prefix_states("Nightly "))
    states = definition(stack)["States"]
    assert list(states) == [
        "Nightly Prepare Import",
        "Nightly Start Import",
        "Nightly Wait for Import",
        "Nightly Describe Import",
        "Nightly Status of Import",
        "Nightly Import done",
        "Nightly Import failed",
    ]
    assert states["Nightly Start Import"]["Catch"][0]["Next"] == "Nightly Wait for Import"


def test_a_job_as_one_state_can_be_caught(stack: cdk.Stack, data: Data) -> None:
    """Whatever fails in it, and its input can go on beside its result."""
    job = DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at("in/"))
    state = job.to_single_state(result_path="$.imported").add_catch(sfn.Pass(stack, "Tell"), result_path="$.error")
    machine(stack, state)
    found = definition(stack)["States"]["Import"]
    assert (found["Type"], found["ResultPath"]) == ("Parallel", "$.imported")
    assert found["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}]
    assert found["Branches"][0]["StartAt"] == "Import: Prepare Import"


def test_a_job_as_one_state_of_a_jsonata_machine(stack: cdk.Stack, data: Data) -> None:
    """Its input goes on by its output, as the page on jobs has it."""
    job = DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at("in/"))
    output = "{% $merge([$states.input, {'Job': $states.result[0]}]) %}"
    machine(stack, job.to_single_state(outputs=output), query_language=sfn.QueryLanguage.JSONATA)
    assert definition(stack)["States"]["Import"]["Output"] == output
