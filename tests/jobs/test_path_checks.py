"""The call that starts a job looks at paths first: an execution that lacks one stops."""

from typing import Any

import aws_cdk as cdk
import pytest

from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetImportJob
from tests.jobs.machines import DATASET, VERSION, Data, definition, machine


def test_the_call_compares_each_path_with_its_prefix(stack: cdk.Stack, data: Data) -> None:
    """Before the arguments leave the state."""
    machine(
        stack,
        BatchInferenceJob(
            stack,
            "Job",
            encryption=data.encryption,
            solution_version_arn=VERSION,
            source=data.unencrypted("in/"),
            source_path="{% $states.input.file %}",
            destination=data.unencrypted(""),
            destination_path="{% $states.input.folder %}",
        ),
    )
    assert definition(stack)["States"]["Start Job"]["Arguments"] == (
        '{% $states.input.Arguments.JobInput.S3DataSource.Path = "s3://<Plain295EB121>/in/" ? '
        '$error("source_path is empty in this execution, so that all below s3://<Plain295EB121>/in/ is meant") : '
        '$states.input.Arguments.JobOutput.S3DataDestination.Path = "s3://<Plain295EB121>/" ? '
        '$error("destination_path is empty in this execution, so that all below s3://<Plain295EB121>/ is meant") : '
        "$states.input.Arguments %}"
    )


@pytest.mark.parametrize("path", [None, "monday/", "token"])
def test_a_path_of_the_deployment_is_not_looked_at(stack: cdk.Stack, data: Data, path: Any) -> None:
    """It is the same in every execution."""
    if path == "token":
        path = cdk.CfnParameter(stack, "Folder").value_as_string
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/")}
    machine(stack, DatasetImportJob(stack, "Job", source_path=path, **options))
    assert definition(stack)["States"]["Start Job"]["Arguments"] == "{% $states.input.Arguments %}"
