"""KMS and CloudFormation in memory and virtual time, and the function as Lambda would call it."""

import itertools
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from personalize_kms_constructs._managed_key_policy import function as key_policy_function

ACCOUNT = {
    "Sid": "Account",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    "Action": "kms:*",
    "Resource": "*",
}
OTHER = {
    "Sid": "Other",
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "kms:Encrypt",
    "Resource": "*",
}
POLICY = {"Statement": [ACCOUNT, OTHER], "Version": "2012-10-17"}

KEY, ANOTHER_KEY, GONE = (
    f"arn:aws:kms:us-east-1:111111111111:key/{name}" for name in ("ours", "another", "gone")
)

Answer = dict[str, Any]

ACTIONS = [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ListGrants",
]


def statement(sid: str, action: str = "kms:Decrypt") -> dict[str, Any]:
    """A statement as the CDK writes it into a template, its elements in alphabetical order."""
    return {
        "Action": action,
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Resource": "*",
        "Sid": sid,
    }


def written(*statements: dict[str, Any]) -> dict[str, Any]:
    """The policy with these statements at its end, as the function writes them."""
    return {**POLICY, "Statement": [ACCOUNT, OTHER, *statements]}


def refused(
    code: str, operation: str = "GetKeyPolicy", status: int = 400, says: str = "no"
) -> ClientError:
    """An error of KMS."""
    response: Any = {
        "Error": {"Code": code, "Message": says},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)


def no_answer() -> ReadTimeoutError:
    """Return a client's exception when the answer, or the request, was lost."""
    return ReadTimeoutError(endpoint_url="https://kms.invalid/")


def raiser(*errors: Exception) -> Callable[[], None]:
    """Raises each error once, then nothing."""
    left = list(errors)

    def raise_next() -> None:
        if left:
            raise left.pop(0)

    return raise_next


def always(error: Exception) -> Callable[[], None]:
    """Raises the error each time."""
    return raiser(*[error] * 999)


def context_of(seconds: float) -> SimpleNamespace:
    """Return the context that Lambda gives a function that may run for so long."""
    return SimpleNamespace(
        get_remaining_time_in_millis=lambda: seconds * 1000,
        invoked_function_arn="arn:aws:lambda:us-east-1:111111111111:function:keeper",
    )


def may_write(*keys: dict[str, Any]) -> dict[str, Any]:
    """The function's configuration, with statements that have no condition."""
    return {
        "Service": "personalize.amazonaws.com",
        "Actions": ACTIONS,
        "Conditions": [{}],
        "Keys": [*keys],
    }


class Aws:
    """The clients of the function: key policies, a stack's status, and events around a call.

    Policies are JSON here. KMS prints what it got as texts in its own way.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.policies: dict[str, Any] = {KEY: POLICY, ANOTHER_KEY: POLICY}
        self.texts: list[str] = []
        self.printed: Callable[[Any], str] = lambda policy: json.dumps(policy, indent=2)
        self.random_waits: list[tuple[float, float]] = []
        self.stack_status = "CREATE_IN_PROGRESS"
        self.before_status: Callable[[], object] = lambda: None
        self.before_read: Callable[[], object] = lambda: None
        self.before_write: Callable[[], object] = lambda: None
        self.after_write: Callable[[], object] = lambda: None

    @property
    def policy(self) -> Any:
        """The policy of our key."""
        return self.policies[KEY]

    @policy.setter
    def policy(self, policy: Any) -> None:
        self.policies[KEY] = policy

    @property
    def writes(self) -> list[Any]:
        """The policies that were written."""
        return [json.loads(text) for text in self.texts]

    def at_read(self, number: int, action: Callable[[], object]) -> None:
        """Do something before one of the next reads; a write follows the second read."""
        numbers = itertools.count(1)
        self.before_read = lambda: action() if next(numbers) == number else None

    def edit_at_read(self, number: int, policy: Any) -> None:
        """Have somebody else write the policy before one of the next reads."""
        self.at_read(number, lambda: self.policies.update({KEY: policy}))

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def uniform(self, shortest: float, longest: float) -> float:
        """Return a quarter of the longest, a recognizable number instead of a random number."""
        self.random_waits.append((shortest, longest))
        return longest / 4

    def describe_stacks(self, *, StackName: str) -> Any:  # noqa: N803
        """The status of the stack."""
        assert StackName == "stack"
        self.before_status()
        return {"Stacks": [{"StackStatus": self.stack_status}]}

    def get_key_policy(self, *, KeyId: str, PolicyName: str) -> Any:  # noqa: N803
        """The policy, if there is such a key."""
        assert PolicyName == "default"
        self.before_read()
        if KeyId not in self.policies:
            raise refused("NotFoundException")
        return {"Policy": self.printed(self.policies[KeyId])}

    def put_key_policy(self, *, KeyId: str, PolicyName: str, Policy: str) -> None:  # noqa: N803
        """Replace the policy."""
        assert PolicyName == "default"
        self.before_write()
        self.texts.append(Policy)
        self.policies[KeyId] = json.loads(Policy)
        self.after_write()


class Function:
    """Calls the handler and keeps its answers; calls match the function's configuration."""

    def __init__(self) -> None:
        self.aws = Aws()
        self.answers: list[Answer] = []
        self.keys: list[dict[str, Any]] = []
        self.conditions: list[dict[str, Any]] = [{}]

    def __call__(
        self, request: str, *statements: dict[str, Any], key: str = KEY, **options: Any
    ) -> Answer:
        """Configure the function for a request, and return its answer as ``as_configured`` does."""
        sids = {}
        for requested in statements:
            self.conditions.append(requested.get("Condition", {}))
            sids[requested.get("Sid", "")] = len(self.conditions) - 1
        self.keys.append(
            {"Owner": options.get("LogicalResourceId", "KeyPolicy"), "Arn": key, "Sids": sids}
        )
        return self.as_configured(request, *statements, key=key, **options)

    def as_configured(
        self,
        request: str,
        *statements: dict[str, Any],
        key: str = KEY,
        seconds: float = 900,
        **more: Any,
    ) -> Answer:
        """Return the answer to a request, by the configuration; ``more`` is of the event."""
        event = event_of(
            request, *statements, key=key, RequestId=f"request-{len(self.answers)}", **more
        )
        before = len(self.answers)
        key_policy_function.handler(event, context_of(seconds))
        (answer,) = self.answers[before:]
        return answer


def event_of(
    request: str,
    *statements: dict[str, Any],
    key: str = KEY,
    old: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A request of CloudFormation, with the properties of before for an update."""
    return {
        "RequestType": request,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "KeyPolicy",
        "ResponseURL": "https://response.invalid/",
        "ResourceProperties": properties(*statements, key=key),
        **({} if old is None else {"OldResourceProperties": old}),
        **({} if request == "Create" else {"PhysicalResourceId": key}),
        **more,
    }


def properties(*statements: dict[str, Any], key: str = KEY) -> dict[str, Any]:
    """The custom resource's properties."""
    return {
        "KeyArn": key,
        "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)},
    }


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Function:
    """The function, with AWS and time as in these tests."""
    function = Function()
    aws = function.aws
    replaced = {
        "boto3": SimpleNamespace(client=lambda *_, **__: aws),
        "time": SimpleNamespace(monotonic=lambda: aws.now, sleep=aws.sleep),
        "random": SimpleNamespace(uniform=aws.uniform),
        "send": lambda _, answer: function.answers.append(dict(answer)),
        "MAY_WRITE": may_write() | {"Keys": function.keys, "Conditions": function.conditions},
    }
    for name, value in replaced.items():
        monkeypatch.setattr(key_policy_function, name, value)
    return function


@pytest.fixture
def aws(function: Function) -> Aws:
    """AWS as the function sees it."""
    return function.aws
