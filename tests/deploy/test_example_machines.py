"""The example app's state machines: valid, run once a night, and a failed night raises an alarm."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from demo.nightly_run import NightFailedError, bucket_name, nightly_run, run
from embedded_aws import EmbeddedAws
from tests.deploy.conftest import templates_of
from tests.deploy.stacks import Templates, deploy, of_type, upload

TOPIC = {"Ref": "FailuresTopic6CB7CD9B"}


@pytest.fixture(scope="module")
def example(running_aws: EmbeddedAws, assembly: Path) -> EmbeddedAws:
    """The deployment that all tests share: each test has nights of its own."""
    running_aws.reset()
    assert deploy(running_aws, templates_of(assembly)) == []
    return running_aws


def test_the_night_waits_for_the_training(example: EmbeddedAws) -> None:
    """The latest version is not ACTIVE when it is looked at first; throttling fails no night."""
    example.fail_next("DescribeSolution", "ThrottlingException", times=8)
    night = nightly_run(example, bucket_name(example))
    states = [state for state in night if not state.startswith("s3://")]
    first = states.index("Describe solution")
    assert states[first : first + 5] == [
        "Describe solution",
        "Is it trained",
        "Wait for training",
        "Trained",
        "Prepare Recommend",
    ]
    assert "Export done" in states
    places = [place.split("/")[3:-1] for place in night if place.startswith("s3://")]
    assert {tuple(folders) for *folders, _ in places} == {("batch", "out"), ("export",)}


def test_a_night_without_a_version_says_so(example: EmbeddedAws) -> None:
    """The night fails before a batch job would be refused."""
    personalize = example.client("personalize")
    before = len(personalize.list_batch_inference_jobs()["batchInferenceJobs"])
    (solution,) = personalize.list_solutions()["solutions"]
    personalize.create_solution_version(solutionArn=solution["solutionArn"])
    example.fail_training()
    with pytest.raises(
        NightFailedError,
        match="SolutionVersionNotActive: the latest version of arn:aws:personalize:",
    ):
        run(example, "NightlyMachine", {})
    assert len(personalize.list_batch_inference_jobs()["batchInferenceJobs"]) == before


def test_nights_that_both_wait_for_a_place_do_nothing_twice(example: EmbeddedAws) -> None:
    """A job's name is taken for the later run, which fails; the other run does the work."""
    example.fail_next("CreateDatasetImportJob", "LimitExceededException", times=2)
    with ThreadPoolExecutor() as both:
        night = scheduled("2026-11-26")
        ends = [both.submit(nightly_run, example, bucket_name(example), night) for _ in range(2)]
    assert any(end.exception() is None for end in ends)
    personalize = example.client("personalize")
    jobs = [
        *personalize.list_dataset_import_jobs()["datasetImportJobs"],
        *personalize.list_batch_inference_jobs()["batchInferenceJobs"],
        *personalize.list_dataset_export_jobs()["datasetExportJobs"],
    ]
    assert [job["jobName"] for job in jobs].count("night-2026-11-26T02-00-00Z") == 3


def test_alarms_may_publish_to_the_topic(templates: Templates) -> None:
    """Alarms of this stack alone may; EventBridge's statement can't have such a condition."""
    (policy,) = of_type(templates["Recommendations"], "AWS::SNS::TopicPolicy")
    allowed = [
        s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"
    ]
    services = [statement["Principal"]["Service"] for statement in allowed]
    assert services == ["events.amazonaws.com", "cloudwatch.amazonaws.com"]
    assert all(
        (statement["Action"], statement["Resource"]) == ("sns:Publish", TOPIC)
        for statement in allowed
    )
    alarms = ["ScheduleNotStartedAlarmE82B7712", "ScheduleNoNightAlarm2859D94C"]
    assert allowed[1]["Condition"] == {
        "ArnEquals": {"aws:SourceArn": [{"Fn::GetAtt": [alarm, "Arn"]} for alarm in alarms]},
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    }


def test_a_failure_is_told_with_its_reason(example: EmbeddedAws) -> None:
    """Subscribers of the topic read Personalize's reason."""
    queues, topics = example.client("sqs"), example.client("sns")
    queue = queues.create_queue(QueueName="failures")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    (topic,) = topics.list_topics()["Topics"]
    topics.subscribe(
        TopicArn=topic["TopicArn"],
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true"},
    )
    upload(example, "deletion/today.csv", "USER\n22\n")
    with pytest.raises(NightFailedError, match="DataDeletionJobFailed"):
        run(example, "DeletionMachine", {"file": "today.csv"})
    (message,) = queues.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    told = json.loads(message["Body"])
    assert told.pop("executionArn").startswith("arn:aws:states:")
    assert told == {
        "status": "FAILED",
        "error": "DataDeletionJobFailed",
        "cause": "Input deletion/today.csv has to have the one column USER_ID",
    }


def scheduled(day: str) -> dict[str, str]:
    """The input that the schedule gives."""
    return {"time": f"{day}T02:00:00Z", "detail-type": "Scheduled Event"}
