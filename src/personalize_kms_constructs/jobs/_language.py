"""The states of a job in Amazon States Language, as functions of the names of the next states.

States pass everything on in input and output: all fragments of a state machine would share
variables. The first state evaluates the parameters once, since retries and redrives begin at a
later state, with its output as input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

from aws_cdk import Aws

from personalize_kms_check.matrix import Permissions

from ._parameters import in_json_path
from ._run_time import is_json_path
from ._times import FIRST_DELAY, LONGEST_DELAY

Json = dict[str, Any]

# Jobs take from minutes to hours.
_FIRST_WAIT_SECONDS = 30
_LONGEST_WAIT_SECONDS = 300

# Step Functions turns errors that are not in the API's model into ``PersonalizeException``:
# throttling, and faults of the service
# (https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html). A missing
# permission is among them too: it fails after these attempts, which take 242 seconds at most.
_PASSING = (
    "PersonalizeException",
    "ThrottlingException",
    "TooManyRequestsException",
    "InternalServerException",
    "ServiceUnavailableException",
    "SdkClientException",
)
# A new job may not be found yet.
_NOT_YET_FOUND = "ResourceNotFoundException"
# "You can have a total of 5 pending or in progress dataset import jobs per region"
# (https://docs.aws.amazon.com/personalize/latest/dg/error-messages.html), and "the specified
# resource is in use"
# (https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html): both end
# with another job, which takes from minutes to hours.
_OTHERS_AT_WORK = ("LimitExceededException", "ResourceInUseException")
_EXISTS_ALREADY = "Personalize.ResourceAlreadyExistsException"

# In the API reference's spelling: with "CREATE" for import and export jobs, with a space for batch
# jobs.
_AT_WORK = ["CREATE PENDING", "CREATE IN_PROGRESS", "PENDING", "IN_PROGRESS", "IN PROGRESS"]
_FAILED = ["CREATE FAILED", "FAILED"]

_JOB = "$states.input.Job"
_JOB_ARN = "$states.input.JobArn"
_SINCE = "$toMillis($states.input.Since)"
# Only a redriven execution has this time (developer guide, input-output-contextobject).
_REDRIVEN = "$toMillis($states.context.Execution.RedriveTime)"


@dataclass(frozen=True)
class JobLanguage:
    """The states of one job."""

    row: Permissions
    """The kind of job."""
    job_arn: str
    """The job's ARN, without its name."""
    arguments: Json
    """The arguments of the call to start the job."""
    _: KW_ONLY
    name_is_new: bool
    """True if no other job can have the name, so a job with it comes from an earlier attempt."""
    timeout_seconds: int
    attempts: int
    """The number of retries while other jobs must end first."""
    checks: str
    """The beginning of a JSONata expression, which stops an execution with wrong arguments."""
    json_paths: Mapping[str, str]
    """The JSONPaths that the checks read."""

    def prepare(self, *, next: str) -> Json:
        """Evaluate the parameters, including the job's name, and note the time."""
        if not is_json_path(self.arguments):
            output = {
                "Arguments": self.arguments,
                "Since": "{% $states.context.State.EnteredTime %}",
            }
            return {"Type": "Pass", "Output": output, "Next": next}
        parameters = {"Arguments": in_json_path(self.arguments), "Since.$": "$$.State.EnteredTime"}
        if self.json_paths:
            parameters["Given"] = {f"{name}.$": path for name, path in self.json_paths.items()}
        return {"QueryLanguage": "JSONPath", "Type": "Pass", "Parameters": parameters, "Next": next}

    def create(self, *, next: str) -> Json:
        """Start the job, or go on with the job of an earlier attempt if its name is new."""
        common = {"Since": "{% $states.input.Since %}", "WaitSeconds": _FIRST_WAIT_SECONDS}
        others_at_work = {
            **_retry(*_OTHERS_AT_WORK),
            "IntervalSeconds": FIRST_DELAY,
            "MaxDelaySeconds": LONGEST_DELAY,
            "MaxAttempts": self.attempts,
        }
        state = {
            "Type": "Task",
            "Resource": self._api("create"),
            "Arguments": f"{{% {self.checks}$states.input.Arguments %}}",
            "Output": {"JobArn": f"{{% $states.result.{self.row.noun}Arn %}}", **common},
            "Retry": [others_at_work, _retry(*_PASSING)],
            "Next": next,
        }
        if self.name_is_new:
            existing = {
                "JobArn": f"{{% '{self.job_arn}' & $states.input.Arguments.JobName %}}",
                **common,
            }
            state["Catch"] = [{"ErrorEquals": [_EXISTS_ALREADY], "Output": existing, "Next": next}]
        return state

    def wait(self, *, next: str) -> Json:
        return {"Type": "Wait", "Seconds": "{% $states.input.WaitSeconds %}", "Next": next}

    def describe(self, *, next: str) -> Json:
        """Describe the job, and double the next wait."""
        seen = (
            f"{{'Job': $states.result.{self.row.noun}, "
            f"'WaitSeconds': $min([2 * $states.input.WaitSeconds, {_LONGEST_WAIT_SECONDS}])}}"
        )
        return {
            "Type": "Task",
            "Resource": self._api("describe"),
            "Arguments": {f"{self.row.noun}Arn": f"{{% {_JOB_ARN} %}}"},
            "Output": f"{{% $merge([$states.input, {seen}]) %}}",
            "Retry": [_retry(*_PASSING, _NOT_YET_FOUND)],
            "Next": next,
        }

    def status(self, *, done: str, failed: str, wait: str) -> Json:
        """Choose the next state by the job's status. An unknown status fails."""
        status = f"{_JOB}.Status"
        reason = f"{_JOB}.FailureReason"
        choices = [
            {"Condition": f"{{% {status} = '{self.row.finished}' %}}", "Next": done},
            _fails(
                f"{status} in {_FAILED}",
                f"{self.row.noun}Failed",
                f"$exists({reason}) ? {reason} : 'no reason given for ' & {_JOB_ARN}",
                next=failed,
            ),
            _fails(
                f"$not({status} in {_AT_WORK})",
                f"{self.row.noun}StatusUnknown",
                f"{_JOB_ARN} & ' has a status that is not documented: ' & {status}",
                next=failed,
            ),
            _fails(
                # A job that a redrive has started counts from there.
                f"$millis() > $max([{_SINCE}, {_REDRIVEN}]) + {self.timeout_seconds * 1000}",
                f"{self.row.noun}TimedOut",
                f"{_JOB_ARN} & ' is still ' & {status} & ' after {self.timeout_seconds} seconds'",
                next=failed,
            ),
        ]
        return {"Type": "Choice", "Choices": choices, "Default": wait}

    def done(self) -> Json:
        return {"Type": "Pass", "Output": f"{{% {_JOB} %}}"}

    def failed(self) -> Json:
        return {
            "Type": "Fail",
            "Error": "{% $states.input.Error %}",
            "Cause": "{% $states.input.Cause %}",
        }

    def _api(self, verb: str) -> str:
        return f"arn:{Aws.PARTITION}:states:::aws-sdk:personalize:{verb}{self.row.noun}"


def _fails(condition: str, error: str, cause: str, *, next: str) -> Json:
    output = {"Error": error, "Cause": f"{{% {cause} %}}"}
    return {"Condition": f"{{% {condition} %}}", "Output": output, "Next": next}


def _retry(*errors: str) -> Json:
    return {
        "ErrorEquals": [f"Personalize.{error}" for error in errors],
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxDelaySeconds": 60,
        "MaxAttempts": 8,
        "JitterStrategy": "FULL",
    }
