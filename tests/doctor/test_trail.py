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


TOLD: dict[str, tuple[dict[str, Any], str | None]] = {
    "the role": (denied(), denied()["errorMessage"]),
    "Personalize": (
        denied(OF_SERVICE, sourceIPAddress="AWS Internal"),
        denied(OF_SERVICE)["errorMessage"],
    ),
    "from Personalize": (
        denied(OF_CONFIG, sourceIPAddress="personalize.amazonaws.com"),
        denied(OF_CONFIG)["errorMessage"],
    ),
    "another code": (denied(errorCode="AccessDeniedException"), denied()["errorMessage"]),
    "no message": (denied(errorMessage=None), f"kms:Decrypt was denied to {ROLE}"),
    "another role on the key": (denied(OF_ANOTHER), None),
    "no identity": (denied(userIdentity=None, sourceIPAddress=None), None),
    "another key": (denied(OF_SERVICE, key=OTHER_KEY), None),
    "another service": (denied(OF_CONFIG), None),
    "another error": (denied(errorCode="NotFoundException"), None),
    "no error": (denied(errorCode=None), None),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_no_finding_explains(
    account: FakeAccount, command: Callable[..., Result], told: Callable[[], list[str]], name: str
) -> None:
    """All policies allow it today; it counts with ``--strict`` alone."""
    event, says = TOLD[name]
    account.events = [event]
    warnings = [f"CloudTrail: {says} (2026-11-26T10:00:00Z), {OTHERWISE}"] if says else []
    assert told() == [READ, *warnings]
    assert command("--cloudtrail", "--strict").exit_code == len(warnings)


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


def test_it_is_not_answered(account: FakeAccount, told: Callable[[], list[str]]) -> None:
    """The rest of the report is there all the same."""
    account.answer("LookupEvents", "AccessDeniedException")
    assert told() == ["CloudTrail wasn't read: cloudtrail:LookupEvents was denied"]


def test_it_is_answered_in_part(account: FakeAccount, told: Callable[[], list[str]]) -> None:
    """The events read until then are told all the same."""
    account.events = [denied()] * 51
    account.answer("LookupEvents", "ThrottlingException", '"NextToken": "50"')
    assert told() == [
        f"{READ}: cloudtrail:LookupEvents failed with ThrottlingException",
        f"CloudTrail: {denied()['errorMessage']} (2026-11-26T10:00:00Z), {OTHERWISE}",
    ]
