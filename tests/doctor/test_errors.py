"""The doctor can't look: one line on standard error, and exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from botocore import exceptions, xform_name
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from click.testing import CliRunner, Result

from personalize_kms_check import matrix
from personalize_kms_check._account import asking
from personalize_kms_check._cli import personalize_kms
from tests.doctor.fake_account import GROUP, KEY, FakeAccount, allow

ELSEWHERE = GROUP.replace("eu-west-1", "us-east-1")
OF_OTHERS = GROUP.replace("111122223333", "444455556666")
DATASET = GROUP.replace("dataset-group/movies", "dataset/movies/INTERACTIONS")


def stopped(result: Result) -> str:
    """The one line that says why there is no report."""
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("personalize-kms: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("personalize-kms: ").rstrip()


def test_the_listing_of_dataset_groups_is_refused(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """After as many tries as AWS's SDK makes; by name they need no listing."""
    account.answer("ListDatasetGroups", "ThrottlingException")
    assert stopped(command()) == (
        "An error occurred (ThrottlingException) when calling the ListDatasetGroups operation: so "
        "it says: name the dataset groups, renew the credentials, allow it, enable the Region, or "
        "try again later"
    )


X = "https://x"
# What an operation answers or raises, and the words for it.
FAILURES: dict[str, tuple[Any, str]] = {
    "denied": ("AccessDeniedException", "was denied"),
    "throttled": ("ThrottlingException", "failed with ThrottlingException"),
    "too slow": (ReadTimeoutError(endpoint_url=X), "failed with ReadTimeoutError"),
    "no route": (ConnectTimeoutError(endpoint_url=X), "failed with ConnectTimeoutError"),
    "no name": (EndpointConnectionError(endpoint_url=X), "failed with EndpointConnectionError"),
    "lost": (ConnectionClosedError(endpoint_url=X), "failed with ConnectionClosedError"),
    "a fault": ("InternalFailure", "failed with InternalFailure"),
    "unavailable": ("503", "failed with 503"),
    "no JSON": (ResponseParserError("Unable to parse"), "failed with ResponseParserError"),
    "empty": ({}, "was answered without "),
    "expired": ("ExpiredTokenException", "failed with ExpiredTokenException"),
    "unknown": ("UnknownOperationException", "failed with UnknownOperationException"),
    "not enabled": ("UnrecognizedClientException", "failed with UnrecognizedClientException"),
    "no role": (
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole"),
        "failed, since AssumeRole failed with AccessDenied",
    ),
}
OPERATIONS = [
    *("DescribeDatasetGroup", "ListDatasets", "ListSolutions", "DescribeKey", "GetKeyPolicy"),
    *("GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies", "GetPolicy"),
    *("GetPolicyVersion", "GetBucketLocation", "GetBucketPolicy", "GetBucketEncryption"),
    "LookupEvents",
]
for row in matrix.ROWS:
    if row.made_for:
        OPERATIONS += [f"List{row.noun}s", f"Describe{row.noun}"]


def test_a_kind_that_the_installed_boto3_does_not_have(
    account: FakeAccount, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a note, and the others are decided."""

    def name_of_call(operation: str) -> str:
        return "unheard_of" if operation == "ListMetricAttributions" else xform_name(operation)

    monkeypatch.setattr(asking, "xform_name", name_of_call)
    result = command("--strict")
    says = "· metric attributions weren't looked at: upgrade boto3, which doesn't have them\n"
    assert (result.exit_code, result.stdout.count(says)) == (0, 1)
    assert "1 dataset group: 14 as documented" in result.stdout


@pytest.mark.parametrize("failure", FAILURES)
def test_whatever_fails_is_a_line(
    account: FakeAccount, command: Callable[..., Result], failure: str
) -> None:
    """For all operations but the first two there is a report without missing or wrong items."""
    for row in (row for row in matrix.ROWS if row.made_for):
        account.add(row, row.arn_type)
    account.boundary = [allow(["*"])]
    answer, why = FAILURES[failure]
    for operation in OPERATIONS:
        failing = answer
        if isinstance(answer, ClientError):
            of_credentials = answer.operation_name == "AssumeRole"
            failing = ClientError(answer.response, "AssumeRole" if of_credentials else operation)
        account.instead = [(operation, "", failing)]
        result = command("--cloudtrail", "--format", "json")
        report = json.loads(result.stdout)
        (line, *more) = report["not_answered"]
        # What can't be reached isn't asked again, whatever else would be asked there.
        unreachable = failure in ("no route", "no name")
        assert bool(more) <= unreachable, (operation, more)
        named = {"GetBucketEncryption": "GetEncryptionConfiguration"}.get(operation, operation)
        of_this = [
            entry for entry in report["not_answered"] if entry["action"].endswith(f":{named}")
        ]
        assert [entry["because"].startswith(why) for entry in of_this] == [True], (operation, line)
        assert (report["summary"]["missing"], report["summary"]["problems"]) == (0, 0), operation
        nothing = not report["summary"]["allowed"]
        assert (result.exit_code, bool(result.stderr)) == ((2, True) if nothing else (0, False)), (
            operation
        )


START = "arn:aws:personalize:eu-west-1:111122223333:dataset-group/"


@pytest.mark.parametrize("wanted", [DATASET, ELSEWHERE, OF_OTHERS])
def test_what_is_no_dataset_group(
    account: FakeAccount, command: Callable[..., Result], wanted: str
) -> None:
    """An ARN of another kind, Region or account."""
    says = f"{wanted} isn't a dataset group of account 111122223333 and Region eu-west-1: set "
    assert stopped(command("movies", wanted)).startswith(says)
    assert account.calls.total() == 1


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        (
            ClientError(
                {"Error": {"Code": "AccessDenied", "Message": "User: me is not authorized"}},
                "AssumeRole",
            ),
            "An error occurred (AccessDenied) when calling the AssumeRole operation: User: me "
            "is not authorized: renew",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "token"),
            "[Errno 2] No such file or directory: 'token': check the network, the proxy, the "
            "Region, and the",
        ),
        (
            ResponseParserError("Unable to parse:\n" + "<html> " * 1000),
            "Unable to parse: <html> <html> ",
        ),
        (
            KeyError("GetCallerIdentityResult"),
            "'GetCallerIdentityResult': check the network, the proxy, the",
        ),
        (ValueError("Invalid endpoint: no\x1b[31m"), "Invalid endpoint: no\\u001b[31m: check the"),
        (
            EndpointConnectionError(endpoint_url="https://sts.nowhere/"),
            'Could not connect to the endpoint URL: "https://sts.nowhere/": check the network',
        ),
    ],
    ids=["AssumeRole", "a token file", "no XML", "other XML", "an endpoint", "no such Region"],
)
def test_what_else_may_go_wrong(
    account: FakeAccount, command: Callable[..., Result], raised: Exception, says: str
) -> None:
    """At the first call."""
    account.answer("GetCallerIdentity", raised)
    line = stopped(command())
    assert line.startswith(says)
    assert len(line) < 400


@pytest.mark.parametrize(
    "error",
    [
        exceptions.UnauthorizedSSOTokenError(),
        exceptions.SSOTokenLoadError(error_msg="Token for movies does not exist"),
        exceptions.TokenRetrievalError(provider="sso", error_msg="Token has expired"),
        exceptions.CredentialRetrievalError(provider="custom-process", error_msg="exit code 1"),
        exceptions.LoginRefreshRequired(),
        exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_credentials_that_are_no_longer_good(error: Exception) -> None:
    """What helps is to sign in; the network is there."""
    assert asking.advice(error).endswith("sign in, for example with aws sso login")


def test_one_of_several_that_is_absent(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """Nothing is reported, as for a name that nothing can have."""
    assert stopped(command("movies", "absent")) == (
        f"there is no dataset group {START}absent: pass the name or ARN of another one, or none"
    )


def test_exit_codes(account: FakeAccount, command: Callable[..., Result]) -> None:
    """With --strict, warnings and undecided items count; seeing nothing is an error."""

    def codes() -> tuple[int, int]:
        return command().exit_code, command("--strict").exit_code

    assert codes() == (0, 0)
    policy = account.keys[KEY]
    account.keys[KEY] = [*policy, allow(["kms:Encrypt"], {"AWS": "AROADEADDEADDEADDEAD1"})]
    assert "1 dataset group: 1 warning, 14 as documented" in command().stdout
    assert codes() == (0, 1)
    account.keys[KEY] = policy[:1]
    assert codes() == (1, 1)
    account.policies["P"] = []
    assert codes() == (1, 1)
    account.answer("GetKeyPolicy", "AccessDenied")
    assert codes() == (1, 1)
    account.answer("DescribeDatasetGroup", "AccessDenied")
    result = command("--format", "json")
    says = "nothing could be decided: the report says why"
    assert (result.exit_code, result.stderr) == (2, f"personalize-kms: {says}\n")


def test_no_dataset_group(account: FakeAccount, command: Callable[..., Result]) -> None:
    """An account that has none is told so, in each form."""
    account.made["DatasetGroup"] = []
    assert json.loads(command("--format", "json").stdout)["dataset_groups"] == []
    for options in ((), ("--quiet",)):
        result = command(*options)
        assert (result.exit_code, result.stderr) == (0, "")
        assert (
            result.stdout == "account 111122223333, Region eu-west-1: no dataset group is there\n"
        )


def test_no_region_and_no_credentials(
    doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says what to set."""
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert stopped(doctor()) == "no Region: set --region or AWS_REGION"
    assert doctor("--region", "eu-west-1").exit_code == 0
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert stopped(doctor("--region", "eu-west-1")).startswith(
        "Unable to locate credentials: set --profile, or sign in, for example with aws sso login"
    )
    assert stopped(doctor("--profile", "absent")) == (
        "The config profile (absent) could not be found: `aws configure list-profiles` shows their "
        "names"
    )


def test_without_boto3_it_says_what_to_install() -> None:
    """The command itself comes with a smaller extra."""
    code = (
        "import sys; sys.modules['boto3'] = sys.modules['botocore'] = None; sys.argv[1:] = "
        "['doctor']; from personalize_kms_check.__main__ import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "personalize-kms: doctor needs its extra: install the library again, with [doctor] after "
        "its name or path\n"
    )


def test_a_module_that_is_missing_of_the_library_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """It isn't mistaken for the extra."""
    monkeypatch.setitem(sys.modules, "personalize_kms_check._account.asking", None)
    result = CliRunner().invoke(personalize_kms, ["doctor"])
    assert (result.exit_code, "needs its extra" in result.stderr) == (2, False)
    assert "ModuleNotFoundError: " in result.stderr


OPTIONAL = {
    "DescribeKey": ("KeyMetadata", "KeySpec", "KeyUsage", "KeyManager", "Origin"),
    "GetRole": ("Role", "PermissionsBoundary", "RoleId"),
}


@pytest.mark.parametrize("operation", OPTIONAL)
def test_an_answer_without_optional_fields(account: FakeAccount, operation: str) -> None:
    """The API's model promises few, and nothing is lost."""
    member, *fields = OPTIONAL[operation]
    whole = account.described_key() if operation == "DescribeKey" else account.described_role()
    described = whole.get("KeyMetadata", whole)
    account.answer(operation, {member: {k: v for k, v in described.items() if k not in fields}})
    assert (account.bad(), account.look()["not_answered"]) == ([], [])
