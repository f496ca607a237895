"""Source and destination of a batch job below one prefix: two folders, or refused."""

from typing import Any

import aws_cdk as cdk
import pytest

from personalize_kms_constructs.jobs import BatchInferenceJob, BatchSegmentJob
from tests.jobs.machines import VERSION, Data, definition, machine
from tests.policies import bucket_policy

BATCH_KINDS: Any = [BatchInferenceJob, BatchSegmentJob]


def batch(stack: cdk.Stack, data: Data, kind: Any, source: str, destination: str, **paths: str) -> None:
    options: Any = {"encryption": data.encryption, "solution_version_arn": VERSION, **paths}
    machine(stack, kind(stack, "Job", source=data.at(source), destination=data.at(destination), **options))


@pytest.mark.parametrize("kind", BATCH_KINDS)
@pytest.mark.parametrize(
    "paths",
    [
        {"source_path": "{% $states.input.day & '/in/' %}", "destination_path": "{% $states.input.day & '/out/' %}"},
        {"source_path": "users.json", "destination_path": "out/"},
        {"destination_path": "{% $states.input.day & '/' %}"},
        {"source_path": "X/"},
        {"destination_path": "X/"},
    ],
    ids=["expressions", "literals", "destination alone", "source below", "destination below"],
)
def test_one_prefix_may_have_both(stack: cdk.Stack, data: Data, kind: Any, paths: dict[str, str]) -> None:
    """The paths below it differ, as in AWS's solution for Personalize; policies allow to read and to write there."""
    batch(stack, data, kind, "batch/", "batch/", **paths)
    arguments = definition(stack)["States"]["Prepare Job"]["Output"]["Arguments"]
    source = arguments["JobInput"]["S3DataSource"]["Path"]
    assert source != arguments["JobOutput"]["S3DataDestination"]["Path"]
    allowed = {
        statement["Sid"]: statement["Action"]
        for statement in bucket_policy(stack)
        if statement["Sid"].endswith("Objects")
    }
    assert allowed == {
        "PersonalizeServiceReadObjects": "s3:GetObject",
        "PersonalizeServiceWriteObjects": "s3:PutObject",
    }


@pytest.mark.parametrize("kind", BATCH_KINDS)
@pytest.mark.parametrize(
    ("source", "destination", "paths", "folder"),
    [
        ("batch/", "batch/", {"source_path": "x/", "destination_path": "x/"}, "batch/x/"),
        ("batch/", "batch/x/", {"source_path": "x/"}, "batch/x/"),
        ("batch/", "batch/", {"source_path": "x", "destination_path": "x/"}, "batch/x"),
        ("", "x/y/", {"source_path": "x/y"}, "x/y"),
    ],
    ids=["both paths", "one path", "without a slash", "from the root"],
)
def test_paths_that_make_the_source_the_destination(
    stack: cdk.Stack, data: Data, kind: Any, source: str, destination: str, paths: dict[str, str], folder: str
) -> None:
    """As far as it is known before."""
    name = "batch inference job" if kind is BatchInferenceJob else "batch segment job"
    with pytest.raises(ValueError, match=r"^Stack/Job: ") as refused:
        batch(stack, data, kind, source, destination, **paths)
    assert str(refused.value).startswith(
        f"Stack/Job: {name} has the same source and destination, prefix {folder!r} of one bucket, but Personalize "
        "wants another folder for the output: change one of the prefixes"
    )
