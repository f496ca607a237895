"""The doctor can't look: one line on standard error, and exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from click.testing import CliRunner, Result

from personalize_kms_constructs import matrix
from personalize_kms_constructs._cli import personalize_kms
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


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("ExpiredTokenException", "AWS rejects the credentials: An error occurred (ExpiredTokenException)"),
        ("RequestExpired", "AWS rejects the credentials: An error occurred (RequestExpired)"),
        ("InvalidAccessKeyId", "AWS rejects the credentials in eu-west-1: An error occurred (InvalidAccessKeyId)"),
        ("RequestLimitExceeded", "AWS throttles the requests: An error occurred (RequestLimitExceeded)"),
        ("UnrecognizedClientException", "AWS rejects the credentials in eu-west-1: An error occurred"),
        ("ThrottlingException", "AWS throttles the requests: An error occurred (ThrottlingException)"),
        ("InternalServerError", "personalize:ListDatasetGroups failed with InternalServerError: name the"),
        ("ValidationException", "personalize:ListDatasetGroups failed with ValidationException: name the"),
        ("InvalidInputException", "personalize:ListDatasetGroups failed with InvalidInputException: name"),
    ],
)
def test_aws_refuses(account: FakeAccount, command: Callable[..., Result], code: str, says: str) -> None:
    """After as many tries as AWS's SDK makes."""
    account.answer("ListDatasetGroups", code)
    assert stopped(command()).startswith(says)


NAMES = "use 1 to 63 letters, digits, hyphens and underscores, and begin with a letter or digit"
START = "arn:aws:personalize:eu-west-1:111122223333:dataset-group/"
OF_NO_REGION = "isn't a dataset group of this Region: set --region, or pass another one"


@pytest.mark.parametrize(
    ("wanted", "says", "calls"),
    [
        ("absent", f"there is no dataset group {START}absent: pass the name or ARN of another one, or none", 2),
        ("no such name", f"'no such name' is not a name that Personalize takes: {NAMES}", 0),
        ("", f"'' is not a name that Personalize takes: {NAMES}", 0),
        (DATASET, f"{DATASET} {OF_NO_REGION}", 0),
        ("arn:aws:personalize", f"arn:aws:personalize {OF_NO_REGION}", 0),
        (ELSEWHERE, f"{ELSEWHERE} {OF_NO_REGION}", 0),
        (OF_OTHERS, f"{OF_OTHERS} isn't in account 111122223333: set --profile", 1),
    ],
)
def test_what_is_no_dataset_group(
    account: FakeAccount, command: Callable[..., Result], wanted: str, says: str, calls: int
) -> None:
    """By a name, or an ARN of something or somewhere else; what the argument itself shows is said before any call."""
    assert stopped(command(*(() if calls else ("--cloudtrail", "movies")), wanted)).startswith(says)
    assert account.calls.total() == calls


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("operation", ["GetCallerIdentity", "ListDatasetGroups", "GetBucketPolicy"])
def test_a_page_of_a_proxy(account: FakeAccount, command: Callable[..., Result], operation: str, status: int) -> None:
    """It is no answer of AWS's, and no denial."""
    account.add(matrix.DATASET_IMPORT_JOB, "load")
    page: Any = {"ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {"content-type": "text/html;charset=x"}}}
    error: Any = {**page, "Error": {"Code": "403", "Message": "<html>"}}
    account.answer(operation, page if status == 200 else ClientError(error, operation))
    assert stopped(command()).endswith(f":{operation} got a web page, no answer of AWS: check the proxy")
    page["ResponseMetadata"]["RequestId"] = "of a server that gives its answers a wrong type"
    if status == 403:
        assert "by a page" not in command().stderr


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "User: me is not authorized"}}, "AssumeRole"),
            "can't get credentials: An error occurred (AccessDenied) when calling the AssumeRole operation: "
            "User: me is not authorized: allow it, or set another --profile",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "token"),
            "FileNotFoundError: [Errno 2] No such file or directory: 'token': check the network, the proxy, and the",
        ),
        (
            ResponseParserError("Unable to parse:\n" + "<html> " * 1000),
            "ResponseParserError: Unable to parse: <html> <html> ",
        ),
        (KeyError("GetCallerIdentityResult"), "KeyError: 'GetCallerIdentityResult': check the network, the proxy, and"),
        (ValueError("Invalid endpoint: no\x1b[31m"), "ValueError: Invalid endpoint: no\\u001b[31m: check the"),
    ],
    ids=["AssumeRole", "a token file", "no XML", "other XML", "an endpoint"],
)
@pytest.mark.parametrize("operation", ["GetCallerIdentity", "DescribeDatasetGroup"])
def test_what_else_may_go_wrong(
    account: FakeAccount, command: Callable[..., Result], operation: str, raised: Exception, says: str
) -> None:
    """At the first call, or when credentials are renewed."""
    account.answer(operation, raised)
    line = stopped(command())
    assert line.startswith(says)
    assert len(line) < 400


def test_a_report_that_has_begun_is_ended(account: FakeAccount, command: Callable[..., Result]) -> None:
    """What was written stays readable, and says why it ends."""
    result = command("movies", "absent", "--format", "json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert [each["name"] for each in found["dataset_groups"]] == ["movies"]
    assert found["error"].startswith("there is no dataset group arn:aws:personalize:eu-west-1:")
    for form in ("text", "markdown"):
        assert "\nstopped: there is no dataset group" in command("movies", "absent", "--format", form).stdout
    account.answer("GetKeyPolicy", "ThrottlingException", KEY)
    assert stopped(command("movies", "--format", "json")).startswith("AWS throttles the requests: ")


def test_exit_codes(account: FakeAccount, command: Callable[..., Result]) -> None:
    """Warnings and what is undecided count with --strict, and it is an error if nothing could be seen."""

    def codes() -> tuple[int, int]:
        return command().exit_code, command("--strict").exit_code

    assert codes() == (0, 0)
    policy = account.keys[KEY]
    account.keys[KEY] = [*policy, allow(["kms:Encrypt"], {"AWS": "AROADEADDEADDEADDEAD1"})]
    assert "0 missing, 0 problems, 1 warning, 0 undecided" in command().stdout
    assert codes() == (0, 1)
    account.keys[KEY] = policy[:1]
    assert codes() == (1, 1)
    account.answer("GetKeyPolicy", "AccessDenied")
    assert codes() == (0, 1)
    account.trust = []
    assert codes() == (1, 1)
    account.answer("DescribeDatasetGroup", "AccessDenied")
    result = command("--format", "json")
    says = "nothing could be seen: the report ends with what wasn't answered"
    assert (result.exit_code, result.stderr) == (2, f"personalize-kms: {says}\n")


def test_no_dataset_group(account: FakeAccount, command: Callable[..., Result]) -> None:
    """An account that has none is told so, in each form."""
    account.made["DatasetGroup"] = []
    assert json.loads(command("--format", "json").stdout)["dataset_groups"] == []
    for form in ("text", "markdown"):
        result = command("--format", form)
        assert (result.exit_code, result.stderr) == (0, "")
        counts = "0 dataset groups: 0 missing, 0 problems, 0 warnings, 0 undecided, 0 as AWS's pages ask"
        assert result.stdout == f"account 111122223333, Region eu-west-1: no dataset group is there\n\n{counts}\n"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            "InvalidClientTokenId",
            "AWS rejects the credentials in ap-east-1: An error occurred (InvalidClientTokenId) when calling the "
            "GetCallerIdentity operation: so it says: renew them, or enable the Region for the account",
        ),
        (
            "InternalFailure",
            "sts:GetCallerIdentity failed with InternalFailure",
        ),
    ],
)
def test_who_one_is_is_not_answered(
    doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    """STS is down, or it is that of a Region that isn't enabled, and answers as if the credentials were wrong."""

    def refuse(self: Any, operation: str, arguments: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "so it says"}}, operation)

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse)
    assert stopped(doctor("--region", "ap-east-1")) == says


def test_a_region_of_no_such_name(doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no STS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert stopped(doctor("--region", "eu-nowhere-1")) == (
        'Could not connect to the endpoint URL: "http://127.0.0.1:9/": check the network, and whether eu-nowhere-1 '
        "has Amazon Personalize"
    )


def test_no_region_and_no_credentials(doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """What to give is said."""
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert stopped(doctor()) == "no Region: set --region or AWS_REGION"
    assert doctor("--region", "eu-west-1").exit_code == 0
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert stopped(doctor("--region", "eu-west-1")).startswith("no credentials were found: set --profile, or sign in")
    assert stopped(doctor("--profile", "absent")).startswith("The config profile (absent) could not")


def test_without_boto3_it_says_what_to_install() -> None:
    """The command itself comes with a smaller extra."""
    code = (
        "import sys; sys.modules['boto3'] = sys.modules['botocore'] = None; sys.argv[1:] = ['doctor']; "
        "from personalize_kms_constructs.__main__ import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "personalize-kms: doctor needs its extra: install the library again, with [doctor] after its name or path\n"
    )


def test_a_module_that_is_missing_of_the_library_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """It isn't mistaken for the extra."""
    monkeypatch.setitem(sys.modules, "personalize_kms_constructs._doctor.asking", None)
    result = CliRunner().invoke(personalize_kms, ["doctor"])
    assert (result.exit_code, "needs its extra" in result.stderr) == (2, False)
    assert "ModuleNotFoundError: " in result.stderr


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("_cli", ["boto3", "botocore", "aws_cdk", "jsii"]),
        ("_doctor.command", ["boto3", "aws_cdk"]),
        ("_doctor.asking", ["aws_cdk"]),
    ],
)
def test_what_is_not_imported(module: str, without: list[str]) -> None:
    """The library keeps its two dependencies, and no command needs Node, which importing the CDK starts."""
    code = (
        f"import sys, personalize_kms_constructs.{module}; print(*(each for each in {without} if each in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
