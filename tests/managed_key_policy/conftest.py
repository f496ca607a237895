"""A key in an embedded AWS, and the function as Lambda would call it, with times of milliseconds."""

import itertools
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws import EmbeddedAws
from personalize_kms_constructs._managed_key_policy import function as key_policy_function

ACCOUNT = (
    '{"Sid" : "Account", "Effect":"Allow", "Principal":{"AWS":"arn:aws:iam::111111111111:root"}, "Action":"kms:*"}'
)
OTHER = '{"Sid":"Other","Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:Encrypt","Resource":"*"}'
POLICY = f'{{"Statement" : [\n  {ACCOUNT},\n  {OTHER}\n], "Version":"2012-10-17"}}'

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


def written(*statements: dict[str, Any]) -> str:
    """The policy with these statements at its end, as the function writes them."""
    added = "".join(f",\n  {json.dumps(each, separators=(',', ':'))}" for each in statements)
    return POLICY.replace("\n]", f"{added}\n]")


def refused(code: str, operation: str = "GetKeyPolicy", status: int = 400) -> ClientError:
    """An error of KMS."""
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


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

    def __call__(
        self,
        request: str,
        key_arn: str,
        *statements: dict[str, Any],
        old: dict[str, Any] | None = None,
        seconds: float = 30,
        **more: Any,
    ) -> Answer:
        """The answer to a request."""
        sids = {}
        for each in statements:
            self.conditions.append(each.get("Condition", {}))
            sids[each.get("Sid", "")] = len(self.conditions) - 1
        self.keys.append({"Owner": more.get("LogicalResourceId", "KeyPolicy"), "Arn": key_arn, "Sids": sids})
        return self.as_configured(request, key_arn, *statements, old=old, seconds=seconds, **more)

    def as_configured(
        self,
        request: str,
        key_arn: str,
        *statements: dict[str, Any],
        old: dict[str, Any] | None = None,
        seconds: float = 30,
        **more: Any,
    ) -> Answer:
        """The answer to a request that the function may not be deployed for."""
        request_id = f"request-{next(self._requests)}"
        event = {
            "RequestType": request,
            "StackId": "stack",
            "RequestId": request_id,
            "LogicalResourceId": "KeyPolicy",
            "ResponseURL": "https://response.invalid/",
            "ResourceProperties": properties(key_arn, *statements),
            **({} if old is None else {"OldResourceProperties": old}),
            **({} if request == "Create" else {"PhysicalResourceId": key_arn}),
            **more,
        }
        key_policy_function.handler(event, context_of(seconds))
        (answer,) = [each for each in self.answers if each["RequestId"] == request_id]
        return answer


def properties(key_arn: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """The custom resource's properties."""
    return {
        "KeyArn": key_arn,
        "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)},
    }


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
def policy(kms: Any, key_arn: str) -> Callable[[], str]:
    """Reads the key's policy."""
    return lambda: str(kms.get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"])


class Spy:
    """The function's clients: counts the writes, and does something before a call if told to."""

    def __init__(self, kms: Any) -> None:
        self._kms = kms
        self.writes: list[str] = []
        self.stack_status = "CREATE_IN_PROGRESS"
        self.before_read: Callable[[], None] = lambda: None
        self.before_write: Callable[[], None] = lambda: None

    def describe_stacks(self, **_: Any) -> Any:
        """The status of the stack."""
        return {"Stacks": [{"StackStatus": self.stack_status}]}

    def get_key_policy(self, **request: Any) -> Any:
        """KMS's answer."""
        self.before_read()
        assert request["PolicyName"] == "default"
        return self._kms.get_key_policy(**request)

    def put_key_policy(self, **request: Any) -> Any:
        """KMS's answer."""
        self.before_write()
        assert request["PolicyName"] == "default"
        self.writes.append(request["Policy"])
        return self._kms.put_key_policy(**request)


@pytest.fixture
def spy(kms: Any) -> Spy:
    """Record the calls of KMS that the function makes."""
    return Spy(kms)


@pytest.fixture
def function(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> Function:
    """The function, which waits for milliseconds where it would wait for seconds."""
    function = Function()
    monkeypatch.setattr(key_policy_function, "boto3", SimpleNamespace(client=lambda *_, **__: spy))
    monkeypatch.setattr(key_policy_function, "send", lambda _, answer: function.answers.append(dict(answer)))
    monkeypatch.setattr(
        key_policy_function, "MAY_WRITE", may_write() | {"Keys": function.keys, "Conditions": function.conditions}
    )
    monkeypatch.setattr(key_policy_function, "SETTLE", 0.05)
    monkeypatch.setattr(key_policy_function, "TAKE_OUT_WITHIN", 0.06)
    monkeypatch.setattr(key_policy_function, "PATIENCE", 0.0)
    monkeypatch.setattr(key_policy_function, "RESERVE", 0.0)
    return function
