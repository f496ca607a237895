"""A key in an embedded AWS, and the function as Lambda would call it, with times of milliseconds."""

import itertools
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from embedded_aws import EmbeddedAws
from personalize_kms_constructs._managed_key_policy import function as key_policy_function

ACCOUNT = (
    '{"Sid" : "Account", "Effect":"Allow", "Principal":{"AWS":"arn:aws:iam::111111111111:root"}, "Action":"kms:*"}'
)
OTHER = '{"Sid":"Other","Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:Encrypt","Resource":"*"}'
POLICY = f'{{"Statement" : [\n  {ACCOUNT},\n  {OTHER}\n], "Version":"2012-10-17"}}'

Answer = dict[str, Any]
Policy = Callable[[], str]

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


def written(*statements: dict[str, Any]) -> str:
    """The policy with these statements at its end, as the function writes them."""
    added = "".join(f",\n  {json.dumps(each, separators=(',', ':'))}" for each in statements)
    return POLICY.replace("\n]", f"{added}\n]")


def refused(code: str, operation: str = "GetKeyPolicy", status: int = 400) -> ClientError:
    """An error of KMS."""
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


def no_answer() -> ReadTimeoutError:
    """What a client raises when the answer, or the request, was lost."""
    return ReadTimeoutError(endpoint_url="https://kms.invalid/")


def raiser(*errors: Exception) -> Callable[[], None]:
    """Raises each error once, then nothing."""
    left = list(errors)

    def raise_next() -> None:
        if left:
            raise left.pop(0)

    return raise_next


def context_of(seconds: float) -> SimpleNamespace:
    """Return the context that Lambda gives a function that may run for so long."""
    return SimpleNamespace(
        get_remaining_time_in_millis=lambda: seconds * 1000,
        invoked_function_arn="arn:aws:lambda:us-east-1:111111111111:function:keeper",
    )


def may_write(*keys: dict[str, Any], conditions: tuple[dict[str, Any], ...] = ({},)) -> dict[str, Any]:
    """The function's configuration."""
    return {
        "Service": "personalize.amazonaws.com",
        "Actions": ACTIONS,
        "Conditions": [*conditions],
        "Keys": [*keys],
    }


class Function:
    """Calls the handler and keeps what it answered; each call is of what the function was deployed for."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.keys: list[dict[str, Any]] = []
        self.conditions: list[dict[str, Any]] = [{}]
        self._requests = itertools.count()

    def __call__(self, request: str, key_arn: str, *statements: dict[str, Any], **options: Any) -> Answer:
        """The answer to a request that the function is deployed for; ``as_configured`` says what the options are."""
        sids = {}
        for each in statements:
            self.conditions.append(each.get("Condition", {}))
            sids[each.get("Sid", "")] = len(self.conditions) - 1
        self.keys.append({"Owner": options.get("LogicalResourceId", "KeyPolicy"), "Arn": key_arn, "Sids": sids})
        return self.as_configured(request, key_arn, *statements, **options)

    def as_configured(
        self, request: str, key_arn: str, *statements: dict[str, Any], seconds: float = 30, **more: Any
    ) -> Answer:
        """The answer to a request that the function may not be deployed for; ``more`` is of the event."""
        event = event_of(request, key_arn, *statements, RequestId=f"request-{next(self._requests)}", **more)
        key_policy_function.handler(event, context_of(seconds))
        (answer,) = [each for each in self.answers if each["RequestId"] == event["RequestId"]]
        return answer


def event_of(
    request: str, key_arn: str, *statements: dict[str, Any], old: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A request of CloudFormation, with the properties of before for an update."""
    return {
        "RequestType": request,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "KeyPolicy",
        "ResponseURL": "https://response.invalid/",
        "ResourceProperties": properties(key_arn, *statements),
        **({} if old is None else {"OldResourceProperties": old}),
        **({} if request == "Create" else {"PhysicalResourceId": key_arn}),
        **more,
    }


def properties(key_arn: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """The custom resource's properties."""
    return {
        "KeyArn": key_arn,
        "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)},
    }


@pytest.fixture
def gone(key_arn: str) -> str:
    """A key that isn't there, or no more."""
    return key_arn[:-12] + "0" * 12


@pytest.fixture(scope="session")
def running_aws() -> Iterator[EmbeddedAws]:
    """One server for a test process."""
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def aws(running_aws: EmbeddedAws) -> EmbeddedAws:
    """An AWS with nothing in it."""
    running_aws.reset()
    return running_aws


@pytest.fixture
def kms(aws: EmbeddedAws) -> Any:
    """Its KMS, as everybody but the function calls it."""
    return aws.client("kms")


@pytest.fixture
def key_arn(kms: Any) -> str:
    """A key whose policy somebody else wrote."""
    arn: str = kms.create_key(Policy=POLICY)["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def policy(kms: Any, key_arn: str) -> Policy:
    """Reads the key's policy."""
    return lambda: str(kms.get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"])


class Spy:
    """The function's clients: counts the writes, and does something before a call if told to."""

    def __init__(self, kms: Any) -> None:
        self._kms = kms
        self.writes: list[str] = []
        self.stack_status = "CREATE_IN_PROGRESS"
        self.before_status: Callable[[], object] = lambda: None
        self.before_read: Callable[[], object] = lambda: None
        self.before_write: Callable[[], object] = lambda: None
        self.after_write: Callable[[], object] = lambda: None
        self.texts: list[str] = []
        """In the place of KMS's own, which would refuse some: the last is read, and others are written behind it."""

    def at_read(self, number: int, action: Callable[[], object]) -> None:
        """Do something before one of the next reads: an undisturbed write has one before it, and the next checks it."""
        numbers = itertools.count(1)
        self.before_read = lambda: action() if next(numbers) == number else None

    def describe_stacks(self, *, StackName: str) -> Any:  # noqa: N803
        """The status of the stack."""
        assert StackName == "stack"
        self.before_status()
        return {"Stacks": [{"StackStatus": self.stack_status}]}

    def get_key_policy(self, **request: Any) -> Any:
        """KMS's answer."""
        self.before_read()
        assert request["PolicyName"] == "default"
        return {"Policy": self.texts[-1]} if self.texts else self._kms.get_key_policy(**request)

    def put_key_policy(self, **request: Any) -> None:
        """Write into KMS."""
        self.before_write()
        assert request["PolicyName"] == "default"
        self.writes.append(request["Policy"])
        if self.texts:
            self.texts.append(request["Policy"])
        else:
            self._kms.put_key_policy(**request)
        self.after_write()


@pytest.fixture
def spy(kms: Any) -> Spy:
    """Record the calls of KMS that the function makes."""
    return Spy(kms)


@pytest.fixture
def function(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> Function:
    """The function, which waits for milliseconds where it would wait for seconds."""
    function = Function()
    replaced = {
        "boto3": SimpleNamespace(client=lambda *_, **__: spy),
        "send": lambda _, answer: function.answers.append(dict(answer)),
        "MAY_WRITE": may_write() | {"Keys": function.keys, "Conditions": function.conditions},
        "SETTLE": 0.05,
        "TAKE_OUT_WITHIN": 0.06,
        "PATIENCE": 0.0,
        "RESERVE": 0.0,
    }
    for name, value in replaced.items():
        monkeypatch.setattr(key_policy_function, name, value)
    return function
