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
from click.testing import CliRunner, Result

from personalize_kms_constructs._cli import personalize_kms
from tests.doctor.conftest import Deployed


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("ExpiredTokenException", "AWS doesn't take the credentials: An error occurred (ExpiredTokenException)"),
        ("RequestExpired", "AWS doesn't take the credentials: An error occurred (RequestExpired)"),
        ("UnrecognizedClientException", "AWS doesn't take the credentials in eu-west-1: An error occurred"),
        ("ThrottlingException", "AWS throttles: An error occurred (ThrottlingException)"),
        ("InternalServerError", "personalize:ListDatasetGroups isn't answered but by InternalServerError: name the"),
    ],
)
def test_aws_refuses(
    deployed: Deployed, doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    """After as many tries as AWS's SDK makes."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    deployed.aws.fail_next("ListDatasetGroups", code, times=1)
    result = doctor()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"personalize-kms: {says}")
    assert result.stderr.count("\n") == 1


def test_a_region_that_is_not_enabled(doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its STS answers as if the credentials were wrong, and a Region of no such name has no STS."""

    def refuse(self: Any, operation: str, arguments: Any) -> Any:
        raise ClientError({"Error": {"Code": "InvalidClientTokenId", "Message": "The token is invalid"}}, operation)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", refuse)
        result = doctor("--region", "ap-east-1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "personalize-kms: AWS doesn't take the credentials in ap-east-1: An error occurred (InvalidClientTokenId) when "
        "calling the GetCallerIdentity operation: The token is invalid: renew them, or enable the Region for the "
        "account\n"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    result = doctor("--region", "eu-nowhere-1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        'personalize-kms: Could not connect to the endpoint URL: "http://127.0.0.1:9/": look at the network, and '
        "whether eu-nowhere-1 is a Region that has Amazon Personalize\n"
    )


def test_throttling_is_tried_again(
    deployed: Deployed, doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As AWS's SDK does it, and as often as its settings say."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    deployed.aws.fail_next("ListDatasetGroups", "ThrottlingException", times=1)
    assert doctor().exit_code == 0


def test_one_question_that_fails_stops_nothing(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """It is listed, and what depends on it is undecided."""
    deployed.aws.fail_next("ListSolutions", "InternalServerError", times=1)
    result = doctor("--format", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert [each["action"] for each in found["not_answered"]] == ["personalize:ListSolutions"]
    assert [each["cause"] for each in found["dataset_groups"][0]["undecided"]] == ["jobs-unseen"]


def test_json_is_whole_even_if_it_stops(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """What was written stays readable, and says why it ends."""
    result = doctor("movies", "absent", "--format", "json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert [each["name"] for each in found["dataset_groups"]] == ["movies"]
    assert found["error"].startswith("there is no dataset group arn:aws:personalize:eu-west-1:")
    for form in ("text", "markdown"):
        assert "\nstopped: there is no dataset group" in doctor("movies", "absent", "--format", form).stdout


def test_an_unknown_dataset_group(doctor: Callable[..., Result]) -> None:
    """By a name, or an ARN of somewhere else."""
    result = doctor("absent")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "personalize-kms: there is no dataset group arn:aws:personalize:eu-west-1:111111111111:dataset-group/absent: "
        "give the name or ARN of another one, or none\n"
    )
    elsewhere = doctor("arn:aws:personalize:us-east-1:111111111111:dataset-group/movies")
    assert elsewhere.exit_code == 2
    assert "isn't in account 111111111111 and Region eu-west-1: give --region" in elsewhere.stderr


def test_no_region_and_no_credentials(doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """What to give is said."""
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert doctor().stderr == "personalize-kms: there is no Region: give --region, or set AWS_REGION\n"
    assert doctor("--region", "eu-west-1").exit_code == 0
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    result = doctor("--region", "eu-west-1")
    assert result.exit_code == 2
    assert result.stderr.startswith("personalize-kms: there are no credentials: give --profile, or sign in")
    assert doctor("--profile", "absent").stderr.startswith("personalize-kms: The config profile (absent) could not")


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


@pytest.mark.parametrize("module", ["boto3", "botocore", "aws_cdk", "jsii"])
def test_the_command_starts_without(module: str) -> None:
    """The library keeps its two dependencies, and the commands need no Node, which importing the CDK starts."""
    code = f"import sys, personalize_kms_constructs._cli; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_doctor_needs_no_node() -> None:
    """Whoever looks after an account need not have what a CDK app needs."""
    code = "import sys, personalize_kms_constructs._doctor.look; sys.exit('aws_cdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_help_has_examples() -> None:
    """Lines that can be pasted, and the exit codes."""
    text = CliRunner().invoke(personalize_kms, ["doctor", "--help"]).stdout
    assert "  personalize-kms doctor movies books --region eu-west-1\n" in text
    assert "  personalize-kms doctor movies --format json > movies.json\n" in text
    assert "Exit code: 0 if nothing is missing or wrong" in text


@pytest.mark.parametrize("code", ["InvalidInputException", "ResourceNotFoundException"])
def test_a_name_that_no_dataset_group_can_have(deployed: Deployed, doctor: Callable[..., Result], code: str) -> None:
    """Personalize finds fault with the ARN, and doesn't look for it."""
    deployed.aws.fail_next("DescribeDatasetGroup", code, times=1)
    result = doctor("no such name")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "personalize-kms: there is no dataset group arn:aws:personalize:eu-west-1:111111111111:dataset-group/no such "
        "name: give the name or ARN of another one, or none\n"
    )


def test_the_arn_of_something_else(doctor: Callable[..., Result]) -> None:
    """What people copy from a console."""
    for wrong in ("dataset/movies/INTERACTIONS", "dataset-import-job/night"):
        result = doctor(f"arn:aws:personalize:eu-west-1:111111111111:{wrong}")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            f"personalize-kms: arn:aws:personalize:eu-west-1:111111111111:{wrong} is no dataset group: give the name "
            "or ARN of one, for example arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies\n"
        )


def test_groups_that_cannot_be_listed(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """One that is named can be looked at all the same."""
    deployed.aws.fail_next("ListDatasetGroups", "AccessDeniedException", times=1)
    result = doctor()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "personalize-kms: personalize:ListDatasetGroups isn't allowed to you: name the dataset groups, or allow it\n"
    )


def test_no_dataset_group(doctor: Callable[..., Result], deployed: Deployed) -> None:
    """An account that has none is told so, in each form."""
    deployed.aws.fail_next("DescribeDatasetGroup", "ResourceNotFoundException", times=3)
    for form in ("text", "markdown", "json"):
        result = doctor("--format", form)
        assert (result.exit_code, result.stderr) == (0, "")
        if form == "json":
            assert json.loads(result.stdout)["dataset_groups"] == []
        else:
            assert (
                "0 dataset groups: 0 missing, 0 problems, 0 warnings, 0 undecided, 0 as AWS's pages ask"
                in result.stdout
            )


def test_who_one_is_cannot_be_asked(doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs a permission for that, but a service may be down."""

    def refuse(self: Any, operation: str, arguments: Any) -> Any:
        raise ClientError({"Error": {"Code": "InternalFailure", "Message": "so it says"}}, operation)

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse)
    result = doctor()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "personalize-kms: who you are can't be asked: sts:GetCallerIdentity isn't answered but by InternalFailure\n"
    )
