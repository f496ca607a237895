"""Calls of KMS that were denied: warnings, unless a finding explains them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from tests.doctor.fake_account import (
    BASE_5,
    KEY,
    OTHER_KEY,
    ROLE,
    SERVICE,
    FakeAccount,
    allow,
)

SESSION = "arn:aws:sts::111122223333:assumed-role/Reader/PersonalizeSession"
OF_ROLE: dict[str, Any] = {
    "type": "AssumedRole",
    "arn": SESSION,
    "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE}},
    "invokedBy": "personalize.amazonaws.com",
}
OF_SERVICE: dict[str, Any] = {"type": "AWSService", "invokedBy": "personalize.amazonaws.com"}
OF_ANOTHER: dict[str, Any] = {
    **OF_ROLE,
    "sessionContext": {"sessionIssuer": {"type": "Role", "arn": f"{ROLE}2"}},
}
OF_CONFIG: dict[str, Any] = {"type": "AWSService", "invokedBy": "config.amazonaws.com"}


def denied(
    identity: dict[str, Any] = OF_ROLE, action: str = "Decrypt", key: str = KEY, **more: Any
) -> dict[str, Any]:
    """A record of CloudTrail's, as the pages of KMS and what people report have it."""
    why = (
        f"is not authorized to perform: kms:{action} on resource: {key} because no resource-based "
        "policy allows it"
    )
    return {
        "eventVersion": "1.08",
        "userIdentity": identity,
        "eventTime": "2026-11-26T10:00:00Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": action,
        "sourceIPAddress": identity["invokedBy"],
        "errorCode": "AccessDenied",
        "errorMessage": f"User: {identity.get('arn', 'Personalize')} {why}",
        **more,
    }


@pytest.fixture
def told(account: FakeAccount, command: Callable[..., Result]) -> Callable[[], list[str]]:
    """Read the notes and warnings of a report on CloudTrail."""

    def read() -> list[str]:
        report = json.loads(command("--cloudtrail", "--format", "json").stdout)
        warnings = [problem for problem in report["problems"] if problem["cause"] == "call-denied"]
        assert {problem["severity"] for problem in warnings} <= {"warning"}
        return [*report["notes"], *(problem["message"] for problem in warnings)]

    return read


READ = "CloudTrail: the last calls of KMS were looked at, back to 2026-11-26T10:00:00Z"
OTHERWISE = (
    "which no finding explains: it was fixed since, a control policy denies it, or it was for "
    "another dataset group"
)


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (denied(), denied()["errorMessage"]),
        (denied(OF_SERVICE, sourceIPAddress="AWS Internal"), denied(OF_SERVICE)["errorMessage"]),
        (
            denied(OF_CONFIG, sourceIPAddress="personalize.amazonaws.com"),
            denied(OF_CONFIG)["errorMessage"],
        ),
        (denied(errorCode="AccessDeniedException"), denied()["errorMessage"]),
        (denied(errorMessage=None), f"kms:Decrypt was denied to {ROLE}"),
        (denied(OF_ANOTHER), None),
        (denied(userIdentity=None, sourceIPAddress=None), None),
        (denied(OF_SERVICE, key=OTHER_KEY), None),
        (denied(OF_CONFIG), None),
        (denied(errorCode="NotFoundException"), None),
        (denied(errorCode=None), None),
    ],
    ids=[
        "the role",
        "Personalize",
        "from Personalize",
        "another code",
        "no message",
        "another role on the key",
        "no identity",
        "another key",
        "another service",
        "another error",
        "no error",
    ],
)
def test_what_no_finding_explains(
    account: FakeAccount, told: Callable[[], list[str]], event: dict[str, Any], says: str | None
) -> None:
    """All policies allow it today."""
    account.events = [event]
    assert told() == [
        READ,
        *([f"CloudTrail: {says} (2026-11-26T10:00:00Z), {OTHERWISE}"] if says else []),
    ]


def test_what_a_finding_explains(account: FakeAccount, told: Callable[[], list[str]]) -> None:
    """The action on that key, by the one who lacks it."""
    account.keys[KEY] = [allow(BASE_5, {"AWS": ROLE}), allow(BASE_5[:4], SERVICE)]
    account.events = [
        denied(OF_ROLE, "ListGrants"),
        denied(OF_SERVICE, "CreateGrant"),
        denied(OF_SERVICE, "ListGrants", OTHER_KEY),
        denied(OF_SERVICE, "ListGrants"),
    ]
    another_action, of_role = sorted(told()[1:])
    assert f"{SESSION} is not authorized to perform: kms:ListGrants on resource" in of_role
    assert "User: Personalize is not authorized to perform: kms:CreateGrant on" in another_action
    assert account.calls["LookupEvents"] == 1


def test_those_of_other_sessions_are_alike(
    account: FakeAccount, told: Callable[[], list[str]]
) -> None:
    """Each job has a session of its own."""
    session = OF_ROLE | {"arn": f"{SESSION}2"}
    account.events = [denied(), denied(session), denied(session, key=OTHER_KEY)]
    other_key = denied(session, key=OTHER_KEY)["errorMessage"]
    assert told()[1:] == [
        f"CloudTrail: {message} (2026-11-26T10:00:00Z), {OTHERWISE}"
        for message in (denied()["errorMessage"], other_key)
    ]


def test_those_without_a_message_are_told_apart_by_the_key(
    account: FakeAccount, told: Callable[[], list[str]]
) -> None:
    """A finding explains one of them."""
    account.keys[KEY] = [allow(["kms:CreateGrant"], {"AWS": ROLE}), allow(BASE_5, SERVICE)]
    account.events = [
        denied(errorMessage=None, resources=[{"ARN": key}]) for key in (KEY, OTHER_KEY)
    ]
    says = f"CloudTrail: kms:Decrypt was denied to {ROLE} (2026-11-26T10:00:00Z)"
    assert told()[1:] == [f"{says}, {OTHERWISE}"]


def test_the_last_of_alike_ones(account: FakeAccount, told: Callable[[], list[str]]) -> None:
    """Of as many pages as AWS answers in a minute."""
    account.events = [
        denied(eventTime=f"2026-11-{30 - number // 250:02}T10:00:00Z") for number in range(6_001)
    ]
    assert told() == [
        "CloudTrail: the last calls of KMS were looked at, back to 2026-11-07T10:00:00Z",
        f"CloudTrail: {denied()['errorMessage']} (2026-11-30T10:00:00Z), {OTHERWISE}",
    ]
    assert account.calls["LookupEvents"] == 120


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_it_is_not_answered(
    account: FakeAccount, command: Callable[..., Result], code: str
) -> None:
    """The rest of the report is there all the same."""
    account.answer("LookupEvents", code)
    result = command("--cloudtrail", "--format", "json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["not_answered"][0]["action"] == "cloudtrail:LookupEvents"
    note = document["notes"][-1]
    failure = "was denied" if code == "AccessDeniedException" else f"failed with {code}"
    looked = "CloudTrail: the last calls of KMS were looked at, back to now"
    assert note == f"{looked}: cloudtrail:LookupEvents {failure}"


def test_it_is_answered_in_part(account: FakeAccount, told: Callable[[], list[str]]) -> None:
    """The events read until then are told all the same."""
    account.events = [denied()] * 51
    account.answer("LookupEvents", "ThrottlingException", '"NextToken": "50"')
    assert told() == [
        f"{READ}: cloudtrail:LookupEvents failed with ThrottlingException",
        f"CloudTrail: {denied()['errorMessage']} (2026-11-26T10:00:00Z), {OTHERWISE}",
    ]
