"""Placeholders that were meant for CloudFormation but are plain text."""

from typing import Any

import pytest

from personalize_kms_check._comparison import compare
from personalize_kms_check._shared.answers import Answer
from personalize_kms_check._shared.values import as_text, as_written, matches, same, unmark
from tests.access.models import (
    BUCKET,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    ON_BUCKET,
    ON_KEY,
    READ,
    ROLE,
    asked,
    iam,
    location,
    model_of,
    policy,
)

SUB = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html"


def problems_with(kind: str, statement: Any) -> list[tuple[str, str, str]]:
    """Return kind, message and page of the problems of a policy with this statement."""
    model = model_of(asked(IMPORT_JOB, source=location()), key=ON_KEY, iam=READ, bucket=ON_BUCKET)
    more = policy("more", [statement])
    if kind == "boundary":
        model.roles[ROLE].boundary = more
    else:
        role = model.roles[ROLE]
        policies = {"key": model.keys[KEY].policies, "bucket": model.buckets[BUCKET].policies}
        {**policies, "trust": role.trust, "iam": role.identity}[kind].append(more)
    return [(problem.kind, problem.message, problem.page) for problem in compare(model).problems]


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
@pytest.mark.parametrize("kind", ["key", "bucket", "iam", "boundary", "trust"])
def test_what_fn_sub_would_have_read(kind: str, text: str, told: str) -> None:
    """Without it, it is text; IAM's own variables are not of CloudFormation."""
    expected = (
        f"statement 1 of more has {told} as plain text, which isn't replaced there: "
        "write the value, in a template by Fn::Sub"
    )
    problems = problems_with(kind, iam(["kms:Sign"], [as_text(text)]))
    assert problems == ([("configuration", expected, SUB)] if told else [])


def test_text_is_a_warning() -> None:
    """Permissions that such a text doesn't allow are missing anyway."""
    model = model_of(key=ON_KEY, iam=[iam(IAM_ACTIONS), iam(["kms:Sign"], as_text("${Key}"))])
    report = compare(model)
    assert [problem.is_warning for problem in report.problems] == [True]
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
        (
            KEY.replace("1234abcd", "${Main.Key}"),
            KEY.replace("1234abcd", "$\ufdd0{Main.Key}"),
            Answer.NO,
            Answer.NO,
        ),
        ("${Main.KeyArn?}", "$\ufdd0{Key}", Answer.NO, Answer.NO),
        ("${AWS::AccountId}", "$\ufdd0{AWS::AccountId}", Answer.NO, Answer.NO),
        ("in/*", "in/$\ufdd0{Key}/*", Answer.NO, Answer.NO),
        ("in/$\ufdd0{Key}", "in/$\ufdd0{Key}", Answer.YES, Answer.YES),
        ("in/$\ufdd0{Key}", "in/*", Answer.YES, Answer.NO),
        ("in/$\ufdd0{Key}", "${Main.Folder?}/*", Answer.MAYBE, Answer.NO),
        ("in/$\ufdd0{Key}", "${Main.Folder?}/$\ufdd0{Key}", Answer.MAYBE, Answer.MAYBE),
    ],
)
def test_no_hole_stands_for_a_variable(
    value: str, pattern: str, matched: Answer, compared: Answer
) -> None:
    """Values that AWS gives have none; a wildcard stands for one."""
    assert matches(value, pattern) is matched
    assert same(value, pattern) is compared
    assert same(pattern, value) is compared


def test_reports_have_what_was_written() -> None:
    """Quoted too."""
    assert unmark(f"a {as_text('${Key}')} {as_text('${Key}')!r}") == "a ${Key} '${Key}'"
