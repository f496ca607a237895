"""State machines that can't run a job, which the job finds at synth."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import DatasetImportJob
from tests.jobs.machines import DATASET, Data, machine

EXPRESS = (
    "[Stack/Import] the job is in the state machine Stack/Machine/Resource of type EXPRESS, which ends after five "
    "minutes, before most jobs do: use StateMachineType.STANDARD"
)
LANGUAGE = (
    "[Stack/Import] parameters are JsonPath expressions but the query language of Stack/Machine/Resource is JSONata: "
    "write all of them as JSONata, for example {% $states.input.arn %}"
)


def importing(stack: cdk.Stack, data: Data, **options: Any) -> DatasetImportJob:
    options = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/"), **options}
    return DatasetImportJob(stack, "Import", **options)


def problems(app: cdk.App) -> str:
    """What the synth fails with."""
    with pytest.raises(RuntimeError) as refused:
        app.synth()
    return str(refused.value)


def each(stack: cdk.Stack, job: sfn.IChainable) -> sfn.IChainable:
    return sfn.Map(stack, "Each").item_processor(job)


def beside(stack: cdk.Stack, job: sfn.IChainable) -> sfn.IChainable:
    return sfn.Parallel(stack, "Both").branch(sfn.Pass(stack, "Other")).branch(job)


def one_state(stack: cdk.Stack, job: Any) -> sfn.IChainable:
    del stack
    state: sfn.IChainable = job.to_single_state()
    return state


def within_both(stack: cdk.Stack, job: sfn.IChainable) -> sfn.IChainable:
    return each(stack, beside(stack, job))


PLACES = pytest.mark.parametrize("put", [each, beside, one_state, within_both])


def test_an_express_machine(app: cdk.App, stack: cdk.Stack, data: Data) -> None:
    """It ends after five minutes."""
    machine(stack, importing(stack, data), state_machine_type=sfn.StateMachineType.EXPRESS)
    assert EXPRESS in problems(app)


@PLACES
def test_an_express_machine_with_the_job_within(app: cdk.App, stack: cdk.Stack, data: Data, put: Any) -> None:
    """At any depth."""
    machine(stack, put(stack, importing(stack, data)), state_machine_type=sfn.StateMachineType.EXPRESS)
    assert EXPRESS.removeprefix("[Stack/Import] ") in problems(app)


def test_an_express_machine_with_a_number_of_the_deployment(app: cdk.App, stack: cdk.Stack, data: Data) -> None:
    """It stands in the definition without quotation marks."""
    number = cdk.CfnParameter(stack, "Number", type="Number").value_as_number
    first = sfn.Pass(stack, "First", parameters={"number": number, "name": cdk.Aws.STACK_NAME})
    machine(stack, first, importing(stack, data), state_machine_type=sfn.StateMachineType.EXPRESS)
    assert EXPRESS in problems(app)


def test_a_machine_that_becomes_express_later(app: cdk.App, stack: cdk.Stack, data: Data) -> None:
    """By an escape hatch."""
    made = machine(stack, importing(stack, data))
    made.node.default_child.state_machine_type = "EXPRESS"  # type: ignore[union-attr]
    assert EXPRESS in problems(app)


def test_a_distributed_map_of_express_executions(app: cdk.App, stack: cdk.Stack, data: Data) -> None:
    """The machine is of type STANDARD, and its Map is not."""
    each = sfn.DistributedMap(stack, "Each", map_execution_type=sfn.StateMachineType.EXPRESS)
    machine(stack, each.item_processor(importing(stack, data)))
    assert (
        "[Stack/Import] the job is in a distributed Map of Stack/Machine/Resource with executions of type EXPRESS, "
        "each of which ends after five minutes, before most jobs do: use StateMachineType.STANDARD as its "
        "map_execution_type"
    ) in problems(app)


def test_a_distributed_map_of_standard_executions(app: cdk.App, stack: cdk.Stack, data: Data) -> None:
    """The CDK's default."""
    machine(stack, sfn.DistributedMap(stack, "Each").item_processor(importing(stack, data)))
    app.synth()


def test_another_machine_may_be_express(app: cdk.App, stack: cdk.Stack, data: Data) -> None:
    """One that starts this one, for example, or has states of the same names."""
    first = sfn.Pass(cdk.Stack(app, "Other"), "Prepare Import")
    sfn.StateMachine(
        stack,
        "Starter",
        definition_body=sfn.DefinitionBody.from_chainable(first),
        state_machine_type=sfn.StateMachineType.EXPRESS,
    )
    sfn.CfnStateMachine(
        stack,
        "Elsewhere",
        role_arn="arn:aws:iam::111111111111:role/states",
        definition_s3_location=sfn.CfnStateMachine.S3LocationProperty(bucket="b", key="k"),
        state_machine_type="EXPRESS",
    )
    machine(stack, importing(stack, data))
    app.synth()


@PLACES
def test_json_paths_within_a_jsonata_machine(app: cdk.App, stack: cdk.Stack, data: Data, put: Any) -> None:
    """Step Functions refuses a state of JSONPath in it; the CDK doesn't tell an inner state the language."""
    job = importing(stack, data, import_mode=sfn.JsonPath.string_at("$.mode"))
    machine(stack, put(stack, job), query_language=sfn.QueryLanguage.JSONATA)
    assert LANGUAGE.removeprefix("[Stack/Import] ") in problems(app)


@PLACES
def test_jsonata_within_a_jsonata_machine(app: cdk.App, stack: cdk.Stack, data: Data, put: Any) -> None:
    """That is right, and so is JSONPath in a machine of JSONPath."""
    job = importing(stack, data, import_mode="{% $states.input.mode %}")
    machine(stack, put(stack, job), query_language=sfn.QueryLanguage.JSONATA)
    app.synth()


@PLACES
def test_json_paths_within_a_json_path_machine(app: cdk.App, stack: cdk.Stack, data: Data, put: Any) -> None:
    """The default of the CDK."""
    machine(stack, put(stack, importing(stack, data, import_mode=sfn.JsonPath.string_at("$.mode"))))
    app.synth()


def test_a_job_without_a_machine(app: cdk.App, stack: cdk.Stack, data: Data) -> None:
    """Nothing is known of it."""
    importing(stack, data)
    app.synth()
