"""A value is never a pattern, wherever it comes from."""

from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from tests.life.conftest import GROUP, allowing, change, importing, late, trusted_role

ACCOUNT = "111111111111"


def prefix(value: Callable[[cdk.Stack], str]) -> Callable[[cdk.Stack], None]:
    def build(stack: cdk.Stack) -> None:
        allowing(stack, importing(s3.Bucket(stack, "Data"), value(stack)))

    return build


def path_by_aspect(path: str) -> Callable[[cdk.Stack], None]:
    """The key is imported, so its policy has the role's ARN in a condition."""

    def build(stack: cdk.Stack) -> None:
        arn = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
        allowing(stack, GROUP, encryption_key=kms.Key.from_key_arn(stack, "Key", arn))
        change(stack, iam.CfnRole, lambda role: setattr(role, "path", path))

    return build


def path_of_a_role_of_the_app(stack: cdk.Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1")
    role = trusted_role(stack, path="/team?/", role_name="reco")
    allowing(stack, GROUP, encryption_key=key, service_role=role)


def name_of_a_bucket(stack: cdk.Stack) -> None:
    allowing(stack, importing(s3.Bucket.from_bucket_name(stack, "Data", late("data-*"))))


PATTERNS: dict[str, tuple[Callable[[cdk.Stack], None], str]] = {
    "a Lazy prefix": (prefix(lambda _: late("*")), "'*'"),
    "a part of a prefix": (prefix(lambda _: f"{late('a?')}/in/"), "'a?/in/'"),
    "a variable": (prefix(lambda _: f"in/{late('${aws:username}')}/"), "'in/${aws:username}/'"),
    "Fn::Sub": (prefix(lambda _: cdk.Fn.sub("${AWS::Region}/*/")), "'${AWS::Region}/*/'"),
    "a path by an aspect": (path_by_aspect("/team*/"), ":role/team*/Stack-Encryption-8875952E-"),
    "a path of a role of the app": (path_of_a_role_of_the_app, ":role/team?/reco'"),
    "the name of an imported bucket": (name_of_a_bucket, ":s3:::data-*'"),
}


@pytest.mark.parametrize(("build", "shown"), PATTERNS.values(), ids=PATTERNS)
def test_a_pattern_fails_the_synth(build: Callable[[cdk.Stack], None], shown: str) -> None:
    """The check at synth isn't asked: it reads policies, and the policy is as it was meant."""
    app = cdk.App(context={"personalize-kms-constructs:judge": "false"})
    build(cdk.Stack(app, "Stack"))
    with pytest.raises(RuntimeError, match="Validation failed") as error:
        app.synth()
    (line,) = [line for line in str(error.value).splitlines() if "[Stack/Encryption]" in line]
    assert shown in line
    assert line.endswith("by a Lazy, an aspect or an override: pass values without them")


VALUES: dict[str, Callable[[cdk.Stack], None]] = {
    "a Lazy": prefix(lambda _: late("in/")),
    "a parameter": prefix(lambda stack: cdk.CfnParameter(stack, "Prefix").value_as_string),
    "functions": prefix(
        lambda stack: cdk.Fn.join("/", [cdk.Fn.sub("${AWS::Region}-${AWS::AccountId}"), ""])
    ),
    "a part of a split": prefix(
        lambda stack: cdk.Fn.select(
            0, cdk.Fn.split("?", cdk.CfnParameter(stack, "Prefix").value_as_string)
        )
    ),
    "a path by an aspect": path_by_aspect("/team/"),
}


@pytest.mark.parametrize("build", VALUES.values(), ids=VALUES)
def test_a_value_passes(build: Callable[[cdk.Stack], None]) -> None:
    """No function that the template has is taken for a pattern."""
    app = cdk.App()
    build(cdk.Stack(app, "Stack"))
    app.synth()
