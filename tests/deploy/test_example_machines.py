"""The state machines of the example app: valid, run once a night, and somebody learns when they fail or don't run."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from demo.deployed_policies import bucket_name
from demo.nightly_run import NightFailedError, nightly_run, run
from embedded_aws import EmbeddedAws
from tests.deploy.stacks import Templates, deploy, of_type, upload
from tests.jobs import asl

SCHEDULED = {"time": "2026-11-25T02:00:00Z", "detail-type": "Scheduled Event"}


def test_its_state_machines_are_valid(aws: EmbeddedAws, templates: Templates) -> None:
    """By somebody else's judgement."""
    assert deploy(aws, templates) == []
    states = aws.client("stepfunctions")
    machines = states.list_state_machines()["stateMachines"]
    assert len(machines) == 2
    for machine in machines:
        described = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
        asl.check(json.loads(described["definition"]))


def test_each_job_of_the_night_ends_in_time(templates: Templates) -> None:
    """All of them before the next night begins."""
    (nightly,) = (text for text in definitions(templates) if "Wait for Import" in text)
    for name, milliseconds in (("Import", 21_600_000), ("Recommend", 43_200_000), ("Export", 14_400_000)):
        state = nightly.partition(f'"Status of {name}":')[2].partition('"Default"')[0]
        assert f"+ {milliseconds} %}}" in state
    assert nightly.endswith('"TimeoutSeconds":82800}')


def test_the_night_waits_for_the_training(aws: EmbeddedAws, templates: Templates) -> None:
    """The latest version is not ACTIVE when it is looked at first."""
    assert deploy(aws, templates) == []
    night = nightly_run(aws, bucket_name(aws))
    states = [state for state in night if not state.startswith("s3://")]
    first = states.index("Describe solution")
    assert states[first : first + 5] == [
        "Describe solution",
        "Is it trained",
        "Wait for training",
        "Trained",
        "Prepare Recommend",
    ]


def test_the_night_tries_to_look_again(aws: EmbeddedAws, templates: Templates) -> None:
    """Throttling, for example, fails no night."""
    assert deploy(aws, templates) == []
    aws.fail_next("DescribeSolution", "ThrottlingException", times=8)
    assert "Export done" in nightly_run(aws, bucket_name(aws))


@pytest.mark.parametrize("versions", [0, 1], ids=["no version", "a version that failed"])
def test_a_night_without_a_version_says_so(aws: EmbeddedAws, templates: Templates, versions: int) -> None:
    """Before a batch job is refused for it."""
    assert deploy(aws, templates) == []
    personalize = aws.client("personalize")
    (solution,) = personalize.list_solutions()["solutions"]
    for _ in range(versions):
        personalize.create_solution_version(solutionArn=solution["solutionArn"])
        aws.fail_training()
    with pytest.raises(NightFailedError, match="SolutionVersionNotActive: the latest version of arn:aws:personalize:"):
        run(aws, "NightlyMachine", {})
    assert personalize.list_batch_inference_jobs()["batchInferenceJobs"] == []


def test_a_night_that_is_started_twice_imports_once(aws: EmbeddedAws, templates: Templates) -> None:
    """EventBridge promises to start it at least once; both have the time of the schedule."""
    assert deploy(aws, templates) == []
    nightly_run(aws, bucket_name(aws), SCHEDULED)
    with pytest.raises(NightFailedError, match=r"night-2026-11-25T02-00-00Z existed before"):
        run(aws, "NightlyMachine", SCHEDULED)
    nightly_run(aws, bucket_name(aws), {**SCHEDULED, "time": "2026-11-26T02:00:00Z"})
    nightly_run(aws, bucket_name(aws))  # by hand
    jobs = aws.client("personalize").list_dataset_import_jobs()["datasetImportJobs"]
    names = {job["jobName"] for job in jobs if job["jobName"].startswith("night-")}
    assert names > {"night-2026-11-25T02-00-00Z", "night-2026-11-26T02-00-00Z"}
    assert len(names) == 3


def test_nights_that_both_wait_for_a_place_do_nothing_twice(aws: EmbeddedAws, templates: Templates) -> None:
    """An attempt that failed may have started the job, so each of them goes on with the one that is there."""
    assert deploy(aws, templates) == []
    aws.fail_next("CreateDatasetImportJob", "LimitExceededException", times=2)
    with ThreadPoolExecutor() as both:
        ends = [both.submit(nightly_run, aws, bucket_name(aws), SCHEDULED) for _ in range(2)]
    assert any(end.exception() is None for end in ends)
    personalize = aws.client("personalize")
    imported = [job["jobName"] for job in personalize.list_dataset_import_jobs()["datasetImportJobs"]]
    assert imported.count("night-2026-11-25T02-00-00Z") == 1
    recommended = personalize.list_batch_inference_jobs()["batchInferenceJobs"]
    exported = personalize.list_dataset_export_jobs()["datasetExportJobs"]
    assert [job["jobName"] for job in (*recommended, *exported)] == ["night-2026-11-25T02-00-00Z"] * 2


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_each_bad_end_is_told_of(templates: Templates, status: str) -> None:
    """A night that was stopped by hand or took too long has not done its work, either."""
    (pattern,) = [rule["EventPattern"] for rule in rules(templates) if "EventPattern" in rule]
    assert pattern["source"] == ["aws.states"]
    assert pattern["detail-type"] == ["Step Functions Execution Status Change"]
    assert status in pattern["detail"]["status"]
    assert pattern["detail"]["stateMachineArn"] == [
        {"Ref": "NightlyMachine026C95A6"},
        {"Ref": "DeletionMachine5579F797"},
    ]


def test_a_night_that_does_not_start_is_told_of(templates: Templates) -> None:
    """What the rule couldn't deliver is kept, and a day without an execution raises an alarm."""
    (schedule,) = [rule for rule in rules(templates) if "ScheduleExpression" in rule]
    (target,) = schedule["Targets"]
    assert schedule["ScheduleExpression"] == "cron(0 2 * * ? *)"
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["ScheduleNotStartedC21D0770", "Arn"]}}
    topic = {"Ref": "FailuresTopic6CB7CD9B"}
    alarms = [alarm["Properties"] for alarm in of_type(templates["Recommendations"], "AWS::CloudWatch::Alarm")]
    assert alarms == [
        {
            "AlarmActions": [topic],
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["ScheduleNotStartedC21D0770", "QueueName"]}}],
            "EvaluationPeriods": 1,
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "Namespace": "AWS/SQS",
            "Period": 300,
            "Statistic": "Maximum",
            "Threshold": 1,
        },
        {
            "AlarmActions": [topic],
            "ComparisonOperator": "LessThanThreshold",
            "Dimensions": [{"Name": "StateMachineArn", "Value": {"Ref": "NightlyMachine026C95A6"}}],
            "EvaluationPeriods": 25,
            "MetricName": "ExecutionsStarted",
            "Namespace": "AWS/States",
            "Period": 3600,
            "Statistic": "Sum",
            "Threshold": 1,
            "TreatMissingData": "breaching",
        },
    ]


def test_alarms_may_publish_to_the_topic(templates: Templates) -> None:
    """Those of this stack alone; EventBridge's statement can't have such a condition."""
    (policy,) = of_type(templates["Recommendations"], "AWS::SNS::TopicPolicy")
    topic = {"Ref": "FailuresTopic6CB7CD9B"}
    allowed = [s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    for statement in allowed:
        del statement["Sid"]
    assert allowed == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {
                "ArnEquals": {
                    "aws:SourceArn": [
                        {"Fn::GetAtt": ["ScheduleNotStartedAlarmE82B7712", "Arn"]},
                        {"Fn::GetAtt": ["ScheduleNoNightAlarm2859D94C", "Arn"]},
                    ]
                },
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            },
        },
    ]


def test_a_failure_is_told_with_its_reason(aws: EmbeddedAws, templates: Templates) -> None:
    """Whoever subscribes to the topic reads what Personalize said."""
    assert deploy(aws, templates) == []
    queues, topics = aws.client("sqs"), aws.client("sns")
    queue = queues.create_queue(QueueName="failures")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    (topic,) = topics.list_topics()["Topics"]
    topics.subscribe(
        TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    upload(aws, "deletion/today.csv", "USER\n22\n")
    with pytest.raises(NightFailedError, match="DataDeletionJobFailed"):
        run(aws, "DeletionMachine", {"file": "today.csv"})
    (message,) = queues.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    told = json.loads(message["Body"])
    assert told.pop("executionArn").startswith("arn:aws:states:")
    assert told == {
        "status": "FAILED",
        "error": "DataDeletionJobFailed",
        "cause": "Input deletion/today.csv has to have the one column USER_ID",
    }


def definitions(templates: Templates) -> list[str]:
    """The definitions of the state machines, with references left out."""
    machines = of_type(templates["Recommendations"], "AWS::StepFunctions::StateMachine")
    joined = [machine["Properties"]["DefinitionString"]["Fn::Join"][1] for machine in machines]
    return ["".join(part if isinstance(part, str) else "" for part in parts) for parts in joined]


def rules(templates: Templates) -> list[dict[str, Any]]:
    """The rules of EventBridge."""
    return [rule["Properties"] for rule in of_type(templates["Recommendations"], "AWS::Events::Rule")]
