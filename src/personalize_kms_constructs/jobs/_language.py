"""The states of a job in Amazon States Language, as functions of the names of the states they go to.

Everything is carried in the states' input and output: variables would be shared by all fragments of a state machine.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

# Jobs take from minutes to hours.
_FIRST_WAIT_SECONDS = 30
_LONGEST_WAIT_SECONDS = 300

# ``PersonalizeException`` is what Step Functions makes of errors that the API's model doesn't name, and throttling and
# the service's own faults are not in it
# (https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html). A missing permission is another
# of them: it fails after these attempts, four minutes at most.
_PASSING: Json = {
    "ErrorEquals": [
        "Personalize.PersonalizeException",
        "Personalize.ThrottlingException",
        "Personalize.TooManyRequestsException",
        "Personalize.InternalServerException",
        "Personalize.ServiceUnavailableException",
        "Personalize.SdkClientException",
    ],
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxDelaySeconds": 60,
    "MaxAttempts": 8,
    "JitterStrategy": "FULL",
}
# "You can have a total of 5 pending or in progress dataset import jobs per region"
# (https://docs.aws.amazon.com/personalize/latest/dg/error-messages.html). A place is free when another job has ended;
# these attempts go on for a day at most.
_TOO_MANY_JOBS: Json = {
    "ErrorEquals": ["Personalize.LimitExceededException"],
    "IntervalSeconds": 60,
    "BackoffRate": 2,
    "MaxDelaySeconds": 900,
    "MaxAttempts": 100,
    "JitterStrategy": "FULL",
}
_EXISTS_ALREADY = "Personalize.ResourceAlreadyExistsException"


def parameters(arguments: Json, *, next: str) -> Json:
    """Evaluate JsonPath expressions, which no JSONata state does."""
    return {"Type": "Pass", "Parameters": arguments, "Next": next}


def create(partition: str, noun: str, arguments: Any, *, job_arn: str, next: str) -> Json:
    """Start the job, if this execution has not started it before."""
    waiting = {"WaitSeconds": _FIRST_WAIT_SECONDS}
    # After a retry, when the answer to the first attempt was lost, and after a redrive.
    started_before = {
        "ErrorEquals": [_EXISTS_ALREADY],
        "Output": {"JobArn": job_arn, "ExistedAlready": True, **waiting},
        "Next": next,
    }
    return {
        "Type": "Task",
        "Resource": _api(partition, f"create{noun}"),
        "Arguments": arguments,
        "Output": {"JobArn": f"{{% $states.result.{noun}Arn %}}", "ExistedAlready": False, **waiting},
        "Retry": [_TOO_MANY_JOBS, _PASSING],
        "Catch": [started_before],
        "Next": next,
    }


def wait(*, next: str) -> Json:
    """Wait as long as the state before says."""
    return {"Type": "Wait", "Seconds": "{% $states.input.WaitSeconds %}", "Next": next}


def describe(partition: str, noun: str, *, next: str) -> Json:
    """Look at the job, and double the time until the next look."""
    seen = (
        f"{{'Job': $states.result.{noun}, "
        f"'WaitSeconds': $min([2 * $states.input.WaitSeconds, {_LONGEST_WAIT_SECONDS}])}}"
    )
    return {
        "Type": "Task",
        "Resource": _api(partition, f"describe{noun}"),
        "Arguments": {f"{noun}Arn": "{% $states.input.JobArn %}"},
        "Output": f"{{% $merge([$states.input, {seen}]) %}}",
        "Retry": [_PASSING],
        "Next": next,
    }


def status(*, taken: str | None, active: str, failed: str, other: str) -> Json:
    """Go on with what the job has come to.

    A name that is derived from the execution is this execution's own. A given name may be that of a job which was there
    before: that one's success would be mistaken for this one's.
    """
    choices = [
        {"Condition": "{% $states.input.Job.Status = 'ACTIVE' %}", "Next": active},
        {"Condition": "{% $states.input.Job.Status = 'CREATE FAILED' %}", "Next": failed},
    ]
    if taken is not None:
        # Whole seconds, lest a time that lacks its fraction look earlier.
        is_older = (
            "$toMillis($states.input.Job.CreationDateTime) + 1000 < $toMillis($states.context.Execution.StartTime)"
        )
        choices.insert(0, {"Condition": f"{{% $states.input.ExistedAlready and {is_older} %}}", "Next": taken})
    return {"Type": "Choice", "Choices": choices, "Default": other}


def done() -> Json:
    """End with the job's description."""
    return {"Type": "Pass", "Output": "{% $states.input.Job %}"}


def failed(noun: str) -> Json:
    """Fail with Personalize's reason."""
    reason = "$states.input.Job.FailureReason"
    return {
        "Type": "Fail",
        "Error": f"{noun}Failed",
        "Cause": f"{{% $exists({reason}) ? {reason} : 'no reason given for ' & $states.input.JobArn %}}",
    }


def taken() -> Json:
    """Fail as the call did."""
    return {
        "Type": "Fail",
        "Error": _EXISTS_ALREADY,
        "Cause": "{% $states.input.JobArn & ' is older than this execution: give another job_name, or none' %}",
    }


def _api(partition: str, operation: str) -> str:
    return f"arn:{partition}:states:::aws-sdk:personalize:{operation}"
