"""Policy documents that AWS refuses, or in which it reads something else than what was meant."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_kms_constructs._access.answers import Answer
from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.limits import least_size
from personalize_kms_constructs._access.values import as_text, as_written, joined, matches, same, shown
from personalize_kms_constructs._access.written import Policy
from tests.access.models import (
    BUCKET,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    ON_BUCKET,
    ON_KEY,
    READ,
    ROLE,
    SERVICE,
    TRUST,
    asked,
    iam,
    location,
    model,
    policy,
)
from tests.access.models import role as of_role

GRAMMAR = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
SUB = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html"
OF_BUCKET = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "s3:GetTagging", "Resource": BUCKET}
REFUSES = "so AWS refuses the whole policy"


def without(element: str, statement: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name != element}


def problems_with(kind: str, *statements: Any, version: str = "2012-10-17") -> list[tuple[str, str, str]]:
    """Kind, message and page of what is wrong once a policy more has these statements."""
    found = model(asked(IMPORT_JOB, source=location()), key=ON_KEY, iam=READ, bucket=ON_BUCKET)
    more = Policy({"Version": version, "Statement": list(statements)}, "more")
    if kind == "boundary":
        found.roles[ROLE].boundary = more
    else:
        role = found.roles[ROLE]
        policies = {"key": found.keys[KEY].policies, "bucket": found.buckets[BUCKET].policies}
        {**policies, "trust": role.trust, "iam": role.identity}[kind].append(more)
    return [(each.kind, each.message, each.page) for each in compare(found).problems]


@pytest.mark.parametrize(
    ("kind", "statement", "says"),
    [
        ("iam", iam(["s3:*"], BUCKET, Principal="*"), "Principal"),
        ("boundary", iam(["s3:*"], "*", NotPrincipal="*"), "NotPrincipal"),
        ("trust", {**TRUST, "Resource": "*"}, "Resource"),
        ("trust", {**TRUST, "NotResource": "*"}, "NotResource"),
    ],
)
def test_an_element_that_a_policy_of_a_role_has_not(kind: str, statement: Any, says: str) -> None:
    """IAM policies have no principal, boundaries neither, and a trust policy has no resource."""
    expected = f"statement number 1 of more has {says}, which a policy of a role can't have, {REFUSES}: remove it"
    assert problems_with(kind, statement) == [("configuration", expected, GRAMMAR)]


@pytest.mark.parametrize(
    ("kind", "statement", "element"),
    [
        ("iam", without("Effect", iam(["s3:*"], BUCKET)), "Effect"),
        ("iam", without("Action", iam(["s3:*"], BUCKET)), "Action"),
        ("iam", without("Resource", iam(["s3:*"], BUCKET)), "Resource"),
        ("key", without("Effect", of_role(["kms:Sign"])), "Effect"),
        ("key", without("Principal", of_role(["kms:Sign"])), "Principal"),
        ("bucket", without("Principal", OF_BUCKET), "Principal"),
        ("bucket", without("Action", OF_BUCKET), "Action"),
        ("bucket", without("Resource", OF_BUCKET), "Resource"),
        ("trust", without("Principal", TRUST), "Principal"),
        ("trust", without("Action", TRUST), "Action"),
        ("trust", without("Effect", TRUST), "Effect"),
    ],
)
def test_an_element_that_a_statement_needs(kind: str, statement: Any, element: str) -> None:
    """As the grammar has it, and KMS's reference for key policies."""
    expected = f"statement number 1 of more has no {element}, {REFUSES}: add one"
    assert problems_with(kind, statement) == [("configuration", expected, GRAMMAR)]


@pytest.mark.parametrize(
    ("kind", "statement", "element"),
    [
        ("iam", iam(["s3:*"], BUCKET, NotAction="s3:*"), "Action"),
        ("iam", iam(["s3:*"], BUCKET, NotResource="*"), "Resource"),
        ("key", {**of_role(["kms:Sign"]), "NotPrincipal": {"AWS": ROLE}}, "Principal"),
        ("bucket", {**OF_BUCKET, "NotAction": "s3:*"}, "Action"),
        ("trust", {**TRUST, "NotAction": "sts:TagSession"}, "Action"),
    ],
)
def test_an_element_and_its_opposite(kind: str, statement: Any, element: str) -> None:
    """The grammar has one of the two."""
    expected = f"statement number 1 of more has {element} and Not{element}, {REFUSES}: remove one of them"
    assert ("configuration", expected, GRAMMAR) in problems_with(kind, statement)


@pytest.mark.parametrize(
    ("kind", "statement", "says"),
    [
        ("iam", iam(["s3:Get*"], BUCKET, Sid="Allow it"), "the Sid Allow it|letters and digits alone"),
        ("iam", iam(["s3:Get*"], BUCKET, Sid="read-it"), "the Sid read-it|letters and digits alone"),
        ("iam", iam(["s3:Get*"], "not-an-arn"), "the Resource not-an-arn|an ARN, or *"),
        ("boundary", iam(["s3:Get*"], ["*", "bucket/*"]), "the Resource bucket/*|an ARN, or *"),
        ("iam", iam(["kms", "s3:Get*"], BUCKET), "the Action kms|it as service:action"),
        ("key", of_role(["Sign"]), "the Action Sign|it as service:action"),
        (
            "iam",
            iam(["s3:Get*"], BUCKET, Condition={"StringEqual": {"aws:x": "y"}}),
            "the condition operator StringEqual|one that IAM has, as StringEquals",
        ),
        (
            "bucket",
            {**OF_BUCKET, "Condition": {"ForAllValues:StringLikes": {"aws:x": "y"}}},
            "the condition operator ForAllValues:StringLikes|one that IAM has, as StringEquals",
        ),
    ],
)
def test_a_value_that_aws_refuses(kind: str, statement: Any, says: str) -> None:
    """As the grammar has it, in whichever statement of the policy."""
    found, taken = says.split("|")
    name = statement.get("Sid", "number 1")
    expected = f"statement {name} of more has {found}, {REFUSES}: write {taken}"
    assert problems_with(kind, statement) == [("configuration", expected, GRAMMAR)]


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("key", without("Resource", of_role(["kms:Sign"]))),
        ("key", without("Action", of_role(["kms:Sign"]))),
        ("trust", TRUST),
        ("iam", {"Effect": "Deny", "NotAction": "*", "NotResource": "*"}),
        ("iam", iam(["s3:Get*"], BUCKET, Effect="${Main.Effect?}")),
        ("iam", "${Main.Statement?}"),
        ("iam", iam(["*", "s3:Get*"], "${Main.Arn?}", Sid="${Main.Sid?}")),
        ("iam", iam(["${Main.Action?}"], "*", Condition={"${Main.Operator?}": {"aws:x": "y"}})),
        ("iam", iam(["s3:Get*"], BUCKET, Condition={"ForAnyValue:StringEqualsIfExists": {"aws:x": "y"}})),
        ("key", {**of_role(["kms:Sign"]), "Sid": "Allow it", "Resource": "key"}),
        ("bucket", {**OF_BUCKET, "Sid": "Allow it"}),
        ("bucket", {**without("Principal", OF_BUCKET), "Effect": "Deny", "NotPrincipal": {"Service": SERVICE}}),
    ],
)
def test_statements_that_aws_takes(kind: str, statement: Any) -> None:
    """Opposites of elements, what a kind of policy needs not, and what isn't known."""
    assert problems_with(kind, statement) == []


@pytest.mark.parametrize(
    ("version", "effect", "expected"),
    [
        (
            "2012-10-17",
            "allow",
            [f"statement number 1 of more has the Effect allow, {REFUSES}: write one of Allow, Deny"],
        ),
        ("2012-10-7", "Allow", [f"more has the Version 2012-10-7, {REFUSES}: write one of 2008-10-17, 2012-10-17"]),
        ("2008-10-17", "Deny", []),
        ("${Main.Version?}", "Allow", []),
    ],
)
def test_values_that_aws_takes(version: str, effect: str, expected: list[str]) -> None:
    """Two versions and two effects, which are case-sensitive."""
    found = problems_with("iam", iam(["s3:GetTagging"], BUCKET, Effect=effect), version=version)
    assert [message for _, message, _ in found] == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("arn:aws:kms:eu-west-1:${AWS::AccountId}:key/x", "${AWS::AccountId}"),
        ("arn:aws:kms:eu-west-1:111122223333:key/${Key}", "${Key}"),
        ("${Key.Arn}${Key.Arn}${Other.Arn}", "${Key.Arn}, ${Other.Arn}"),
        ("arn:aws:s3:::${aws:PrincipalAccount}", ""),
        ("arn:aws:s3:::${aws:PrincipalTag/team, 'none'}", ""),
        ("arn:aws:s3:::${cognito-identity.amazonaws.com:sub}", ""),
        ("arn:aws:s3:::a${*}b${?}c${$}", ""),
    ],
)
@pytest.mark.parametrize("version", ["2012-10-17", "2008-10-17"])
def test_what_fn_sub_would_have_read(version: str, text: str, told: str) -> None:
    """Without it, it is text; IAM's own variables are not of CloudFormation."""
    expected = (
        f"statement number 1 of more has {told} as plain text, which isn't replaced there: wrap the string in Fn::Sub"
    )
    found = problems_with("iam", iam(["kms:Sign"], [as_text(text)]), version=version)
    assert found == ([("configuration", expected, SUB)] if told else [])


def test_text_is_a_warning() -> None:
    """What it doesn't allow is missing anyway."""
    found = model(key=ON_KEY, iam=[iam(IAM_ACTIONS), iam(["kms:Sign"], as_text("${Key}"))])
    report = compare(found)
    assert [each.is_warning for each in report.problems] == [True]
    assert report.passed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"${AWS::AccountId}"', "$\ufdd0{AWS::AccountId}"),
        ('"\\u0024\\u007bKey}"', "$\ufdd0{Key}"),
        ('"$\ufdd0{Key}"', "$\N{REPLACEMENT CHARACTER}{Key}"),
        ('"$\\ufdd0{Key}"', "$\N{REPLACEMENT CHARACTER}{Key}"),
        ('"\U000f0000"', "\N{REPLACEMENT CHARACTER}"),
        ('"\\ud800"', "\N{REPLACEMENT CHARACTER}"),
        ('{"${a}": ["\\u00e9 \\ud83c\\udf89 $ {}"]}', {"$\ufdd0{a}": ["é 🎉 $ {}"]}),
    ],
)
def test_what_somebody_wrote_has_no_holes(text: str, value: Any) -> None:
    """However it is spelled, and with no character that stands for a hole."""
    assert as_written(text) == value


@pytest.mark.parametrize(
    ("value", "pattern", "matched", "compared"),
    [
        (KEY.replace("1234abcd", "${Main.Key}"), KEY.replace("1234abcd", "$\ufdd0{Main.Key}"), Answer.NO, Answer.NO),
        ("${Main.KeyArn?}", "$\ufdd0{Key}", Answer.NO, Answer.NO),
        ("${AWS::AccountId}", "$\ufdd0{AWS::AccountId}", Answer.NO, Answer.NO),
        ("in/*", "in/$\ufdd0{Key}/*", Answer.NO, Answer.NO),
        ("in/$\ufdd0{Key}", "in/$\ufdd0{Key}", Answer.YES, Answer.YES),
        ("in/$\ufdd0{Key}", "in/*", Answer.YES, Answer.NO),
        ("in/$\ufdd0{Key}", "${Main.Folder?}/*", Answer.MAYBE, Answer.NO),
        ("in/$\ufdd0{Key}", "${Main.Folder?}/$\ufdd0{Key}", Answer.MAYBE, Answer.MAYBE),
    ],
)
def test_no_hole_stands_for_a_variable(value: str, pattern: str, matched: Answer, compared: Answer) -> None:
    """Values that AWS gives have none; a wildcard stands for one."""
    assert matches(value, pattern) is matched
    assert same(value, pattern) is compared
    assert same(pattern, value) is compared


@pytest.mark.parametrize(
    ("parts", "separator", "expected"),
    [
        (["a$", "{Key}"], "", "a$\ufdd0{Key}"),
        (["$", "", "{Key}"], "", "$\ufdd0{Key}"),
        (["a", "{Key}"], "$", "a$\ufdd0{Key}"),
        (["a$", "${Main.Key}"], "/", "a$/${Main.Key}"),
        (["$", "${Main.Key}"], "", "$${Main.Key}"),
        ([], "-", ""),
    ],
)
def test_parts_make_no_hole_together(parts: list[str], separator: str, expected: str) -> None:
    """As Fn::Join puts them together."""
    assert joined(parts, separator) == expected


def test_reports_have_what_was_written() -> None:
    """Quoted too; and AWS counts what was written."""
    assert shown(f"a {as_text('${Key}')} {as_text('${Key}')!r}") == "a ${Key} '${Key}'"
    statement = iam(["kms:Sign"], as_text("${Key}"))
    assert least_size(policy("IAM", [statement])) == least_size(policy("IAM", [iam(["kms:Sign"], "xxxxxx")]))
