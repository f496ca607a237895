"""Comparisons of values with holes: yes, no, or maybe, and never a guess."""

import time
from itertools import product
from typing import Any

import pytest

from personalize_kms_check._shared.answers import Answer, all_of, any_of
from personalize_kms_check._shared.values import (
    account_of,
    as_text,
    last_part,
    matches,
    name_of,
    of_any_partition,
    open_parts,
    same,
    split,
    split_arn,
    split_outside_of_holes,
    told_apart_by,
    unknown,
    with_open_ids,
    without_case,
)

KEY = "arn:aws:kms:eu-west-1:111122223333:key/${Main.Key}"
FOLDER = "arn:aws:s3:::${Main.Data}/import/*"
STAGE = "arn:aws:s3:::ratings-${Main.Stage?}"
HERE = "arn:aws:kms:${AWS::Region}:${AWS::AccountId}:key/1234abcd"
YES, NO, MAYBE = Answer.YES, Answer.NO, Answer.MAYBE


@pytest.mark.parametrize(
    ("value", "pattern", "answer"),
    [
        ("kms:Decrypt", "kms:*", YES),
        ("kms:Decrypt", "kms:Decrypt?", NO),
        ("kms:Decrypt", "kms:Decryp?", YES),
        # An id that AWS generates is itself, what a wildcard stands for, and nothing that somebody
        # wrote down.
        (KEY, KEY, YES),
        (KEY, "*", YES),
        (KEY, "arn:aws:kms:*:111122223333:key/*", YES),
        (KEY, "arn:aws:kms:eu-west-1:111122223333:key/${Main.Other}", NO),
        (KEY, "arn:aws:kms:eu-west-1:111122223333:key/1234abcd", NO),
        (KEY, "arn:aws:kms:us-east-1:111122223333:key/*", NO),
        (KEY, "arn:aws:kms:eu-west-1:111122223333:key/1*", MAYBE),
        (KEY, "arn:aws:kms:eu-west-1:111122223333:key/*1", MAYBE),
        (KEY, "arn:aws:kms:eu-west-1:111122223333:key/1?", MAYBE),
        (f"{KEY}/x", "arn:aws:kms:eu-west-1:111122223333:key/1?/x", MAYBE),
        (f"{KEY}/x", "arn:aws:kms:eu-west-1:111122223333:key/1*/x", MAYBE),
        ("a/${Main.Key}/${Main.Role}", "a/*/?", MAYBE),
        ("a-${Main.Name?}", "?-b", MAYBE),
        ("${Main.Key}", "a${Main.Key}", NO),
        ("a-${Main.Name?}", "b-?", NO),
        ("arn:aws:iam::1:role/Main-Role-${Main.Role}", "arn:aws:iam::1:role/Main-*", YES),
        # A parameter can be anything, but is what it is.
        (KEY, "${Main.KeyArn?}", MAYBE),
        ("${Main.KeyArn?}", "${Main.KeyArn?}", YES),
        ("${Main.KeyArn?}", "${Main.Other?}", MAYBE),
        ("${Main.KeyArn?}", KEY, MAYBE),
        ("bucket/${Main.Stage?}/in", "bucket/*/in", YES),
        ("bucket/${Main.Stage?}/in", "bucket/*/out", NO),
        # Any character is one, and what a wildcard has used up isn't there again.
        ("a\nb", "a?b", YES),
        ("a\nb\nc", "a*b*c", YES),
        ("aba", "ab*ba", NO),
        # Everything below a folder.
        (FOLDER, FOLDER, YES),
        (FOLDER, "arn:aws:s3:::${Main.Data}/*", YES),
        (FOLDER, "arn:aws:s3:::${Main.Data}/imp*", YES),
        (FOLDER, "arn:aws:s3:::${Main.Data}/import/*.csv", MAYBE),
        (FOLDER, "arn:aws:s3:::${Main.Data}/import/ratings.csv", MAYBE),
        (FOLDER, "arn:aws:s3:::${Main.Data}/*/secret", MAYBE),
        (FOLDER, "arn:aws:s3:::${Main.Data}/export/*", NO),
        (FOLDER, "arn:aws:s3:::${Main.Data}", NO),
        (FOLDER, "arn:aws:s3:::${Main.Other}/*", NO),
        # The account and the Region of a stack that doesn't say where it goes.
        ("arn:aws:iam::${AWS::AccountId}:root", "arn:aws:iam::${AWS::AccountId}:root", YES),
        ("arn:aws:iam::${AWS::AccountId}:root", "arn:aws:iam::111122223333:root", MAYBE),
        ("arn:aws:iam::${AWS::AccountId}:role/x", "arn:aws:iam::111122223333:role/y", NO),
        # A template with an ARN of another partition couldn't be deployed.
        ("arn:${AWS::Partition}:s3:::data/import/*", "arn:aws:s3:::data/*", YES),
        ("arn:${AWS::Partition}:s3:::data/import/*", "arn:aws-cn:s3:::data/*", YES),
        ("arn:aws:s3:::data/import/*", "arn:aws-cn:s3:::data/*", NO),
        ("arn:${AWS::Partition}:s3:::data", "arn:a*:s3:::data", MAYBE),
        ("arn:${AWS::Partition}:s3:::data", "arn:aw?:s3:::data", MAYBE),
        ("arn:${AWS::Partition}:s3:::data/?", "arn:aws:s3:::data/?", YES),
        ("no:${AWS::Partition}:arn", "no:aws:arn", MAYBE),
        ("arn:${AWS::Partition}", "arn:aws", MAYBE),
        # An id has no slash, no colon and no star.
        (KEY, "arn:aws:kms:eu-west-1:111122223333:key/a/*", NO),
        (KEY, "arn:aws:kms:eu-west-1:111122223333:key/*/a", NO),
        (KEY, "arn:aws:kms:eu-west-1:111122223333:key/*:*", NO),
        (KEY, "arn:aws:kms:eu-west-1:111122223333:key/a?b/*", NO),
        (KEY, "arn:aws:kms:eu-west-1:111122223333:key/a_*", NO),
        (KEY, "arn:aws:kms:eu-west-1:111122223333:key/mrk-?*", MAYBE),
        ("arn:aws:s3:::${Main.Data}", "arn:aws:s3:::*ratings.of?2026*", MAYBE),
        ("arn:aws:s3:::${Main.Data}", "arn:aws:s3:::*/*", NO),
        ("arn:aws:s3:::${Main.Data}/in/*", "arn:aws:s3:::*/out/*", MAYBE),
        # Nor have an account, a Region and a partition.
        (HERE, "arn:aws:kms:eu-west-1:111122223333:key/1234abcd", MAYBE),
        (HERE, "arn:aws:kms:eu-west-1:111122223333:alias/1234abcd", NO),
        (HERE, "arn:aws:kms:*:alias/*", NO),
        (HERE, "arn:aws:kms:?:??:key/*", MAYBE),
        ("arn:aws:kms:eu-west-1:111122223333:key/a", "arn:aws:kms:${AWS::Region}:key/a", NO),
        ("arn:aws:s3:::a/*", "arn:aws:s3:::${AWS::AccountId}/x", MAYBE),
        ("arn:aws:s3:::a/b/*", "arn:aws:s3:::${AWS::AccountId}/x", NO),
        ("arn:aws:s3:::*", "arn:aws:s3:::${AWS::AccountId}", MAYBE),
        ("arn:aws:s3:::in-${AWS::Region}", "arn:aws:s3:::in-${Main.Bucket}", MAYBE),
        # A hole equals itself, so what follows it decides. At the end of a path, it may go on.
        (f"{STAGE}/in/*", STAGE, NO),
        (STAGE, f"{STAGE}/*", NO),
        (f"{STAGE}/in/*", f"{STAGE}?/*", NO),
        (f"{STAGE}/in/${{Main.Day?}}", f"{STAGE}/in/${{Main.Day?}}/*", MAYBE),
        # What somebody gives may have all of them.
        (
            "arn:aws:kms:eu-west-1:111122223333:key/${Main.Id?}",
            "arn:aws:kms:eu-west-1:111122223333:key/a/b:*",
            MAYBE,
        ),
    ],
)
def test_values_match_patterns(value: str, pattern: str, answer: Answer) -> None:
    """A pattern matches if it matches whatever the holes turn out to be."""
    assert matches(value, pattern) is answer


@pytest.mark.parametrize(
    ("name", "answer"), [("${Main.Path?}", MAYBE), ("in-${AWS::AccountId}", NO), ("ratings", NO)]
)
def test_a_path_may_be_a_file(name: str, answer: Answer) -> None:
    """``s3://${Path}`` may have more than the name of a bucket."""
    bucket = f"arn:aws:s3:::{name}"
    assert matches(f"{bucket}/*", bucket, is_path=True) is answer
    assert matches(f"{bucket}/*", bucket) is NO


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        ("111122223333", "111122223333", YES),
        ("111122223333", "444455556666", NO),
        ("${AWS::AccountId}", "111122223333", MAYBE),
        ("a*", "ab", NO),
        ("${Main.Role}", "PersonalizeRole", NO),
        ("${Main.Name?}", "PersonalizeRole", MAYBE),
        ("arn:${AWS::Partition}:iam::1:role/r", "arn:aws:iam::1:role/r", YES),
        ("${AWS::AccountId}", "role/111122223333", NO),
        ("${AWS::Region}", "*", NO),
        ("${AWS::Region}", "?", NO),
        # An id is no part of another.
        ("${Main.Id}", "${Main.Name?}${Main.Other}", NO),
    ],
)
def test_values_are_the_same(one: str, other: str, answer: Answer) -> None:
    """Without wildcards, and both ways."""
    assert same(one, other) is answer
    assert same(other, one) is answer


def test_values_of_any_length() -> None:
    """Paths of roles and prefixes are hundreds of characters long."""
    name = "a" * 600
    assert matches(f"arn:${{AWS::Partition}}:s3:::{name}", "arn:aws:s3:::*b") is NO
    assert matches(f"{name}${{Main.Name?}}", f"*{name}b") is MAYBE
    assert same(f"?{name}", f"?{name}b") is NO


@pytest.mark.parametrize(("end", "answer"), [("", YES), ("x", NO)])
def test_many_wildcards_take_no_longer_than_few(end: str, answer: Answer) -> None:
    """Trying this pattern at every place would take seconds, and more with each wildcard."""
    start = time.process_time()
    assert matches(f"bucket{'-' * 120}", f"bucket{'*-' * 5}*{end}") is answer
    assert time.process_time() - start < 0.5


def test_holes_are_left_alone_when_values_are_split() -> None:
    """A colon or a slash in the name of a hole is none of the value."""
    arn = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Prod/Main.Role}"
    assert split_arn(arn) == (
        "arn",
        "${AWS::Partition}",
        "iam",
        "",
        "${AWS::AccountId}",
        "role/${Prod/Main.Role}",
    )
    parts = split(arn, "/")
    assert parts == ["arn:${AWS::Partition}:iam::${AWS::AccountId}:role", "${Prod/Main.Role}"]
    recipe = split_arn("arn:aws:personalize:::recipe:x")
    assert recipe == ("arn", "aws", "personalize", "", "", "recipe:x")
    assert split("a:b:c", ":", 1) == ["a", "b:c"]
    assert split_arn("no ARN") is None
    assert split_arn(as_text("arn:aws:kms:${AWS::Region}:111122223333:key/1")) is None
    assert split_arn(as_text("arn:aws:iam::${AWS::AccountId}:role/r")) is None
    assert (split_arn(as_text("arn:aws:s3:::data/${aws:userid}")) or ("",))[-1] == as_text(
        "data/${aws:userid}"
    )


def test_the_account_of_an_arn() -> None:
    """The CDK's dummy for a role that it hasn't looked up yet has none."""
    assert account_of("arn:aws:iam::111122223333:role/r") == "111122223333"
    assert account_of("role") == "${account of role?}"
    dummy = "arn:aws:iam::123456789012:role/DUMMY_ARN"
    assert account_of(dummy) == f"${{account of {dummy}?}}"


def test_what_is_open_has_a_name() -> None:
    """The name of a parameter says what to look for."""
    assert unknown("Main.KeyArn") == "${Main.KeyArn?}"
    assert open_parts(f"arn:{unknown('Main.KeyArn')}:${{Main.Key}}") == ["Main.KeyArn"]
    assert open_parts(f"{unknown('MaxX', 1)}-${{AWS::AccountId}}") == ["MaxX", "AWS::AccountId"]


def test_ids_can_be_anything_where_somebody_else_wrote_them_down() -> None:
    """An open hole stays as it is, and text, too."""
    assert matches(with_open_ids(KEY), f"{KEY.partition('$')[0]}1234abcd") is MAYBE
    assert with_open_ids(KEY) == f"{KEY.partition('$')[0]}${{id Main.Key?}}"
    assert with_open_ids("a-${Main.Name?}/b") == "a-${Main.Name?}/b"


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:kms:eu-west-1:111122223333:key/1", "kms:eu-west-1:111122223333:key/1"),
        ("arn:${AWS::Partition}:s3:::data/arn:aws:x", "s3:::data/arn:aws:x"),
        ("${Main.KeyArn?}", "${Main.KeyArn?}"),
        ("a-name", "a-name"),
    ],
)
def test_an_arn_without_its_partition(arn: str, expected: str) -> None:
    """Not all stacks of an app know theirs."""
    assert of_any_partition(arn) == expected


def test_the_whole_arn_comes_before_the_one_without_partition() -> None:
    """Buckets of two partitions may have one name."""
    names = ["arn:aws:s3:::lake", "arn:aws-cn:s3:::lake"]
    assert name_of("arn:aws-cn:s3:::lake", names) == "arn:aws-cn:s3:::lake"
    assert name_of("arn:${AWS::Partition}:s3:::lake", names) == ""


def test_answers_combine() -> None:
    """A single no is enough for no, and a single yes for yes."""
    assert all_of([YES, MAYBE]) is MAYBE
    assert all_of([YES, MAYBE, NO]) is NO
    assert all_of([]) is YES
    assert any_of([NO, MAYBE]) is MAYBE
    assert any_of([NO, MAYBE, YES]) is YES
    assert any_of([]) is NO
    assert (~YES, ~NO, ~MAYBE) == (NO, YES, MAYBE)


def test_all_parts_that_can_be_anything_are_named() -> None:
    assert told_apart_by("${A?}/${B?}/${Main.Role}", "${A?}/c") == (["B"], ["Main.Role"])
    assert told_apart_by("${A?}/${B?}", "${C?}") == (["A", "B", "C"], [])


def test_a_hole_is_told_apart_by_what_makes_its_value() -> None:
    """All arguments count, but not the order of a mapping, nor the digest of another hole."""
    assert unknown("${Main.KeyArn}") == "${Main.KeyArn?}"
    hole = unknown("Fn::If IsProd", {"b": ["${Main.Key}"], "a": 1})
    assert hole == "${Fn::If IsProd #f418ae6d?}"
    assert unknown("Fn::If IsProd", {"a": 1, "b": ["${Main.Key}"]}) == hole
    assert unknown("Fn::If IsProd", {"a": 2, "b": ["${Main.Key}"]}) != hole
    assert unknown("Fn::If IsProd", {"a": 1}, {"b": ["${Main.Key}"]}) != hole
    assert unknown("of Fn::If IsProd #f418ae6d?", 1) == "${of Fn::If IsProd? #080a9ed4?}"
    assert unknown("a", object()) == unknown("a", object()) != unknown("a", frozenset())
    assert unknown("a", "\ud800") != unknown("a", "\ud801")


def test_holes_are_left_alone() -> None:
    """The characters in a hole's name are no part of the value."""
    assert without_case("A${Main.Key}B${Main.Arn?}") == "a${Main.Key}b${Main.Arn?}"
    assert last_part("arn:aws:iam::111122223333:role/path/${Main/Role}") == "${Main/Role}"
    assert last_part("name") == "name"
    assert last_part("path/\U000f0000") == "\U000f0000"


@pytest.mark.parametrize(
    ("value", "separator", "parts"),
    [
        ("a-${Main.Key}-b", "-", None),
        ("a/${Main.Key}/b", "/", ["a", "${Main.Key}", "b"]),
        ("a/${Main.Name?}/b", "/", None),
        ("a/${AWS::Region}/b", "/", ["a", "${AWS::Region}", "b"]),
        ("a-${AWS::Region}", "-", None),
        ("a/${Stack::Value}", "/", None),
        ("a/b", "/", ["a", "b"]),
        ("${Main.Key}/${Main.Name?}", "/", None),
    ],
)
def test_a_value_is_split_only_where_no_hole_may_have_the_separator(
    value: str, separator: str, parts: list[str] | None
) -> None:
    """Ids, Regions and account numbers have no slash; a parameter can have anything in it."""
    assert split_outside_of_holes(value, separator) == parts


_IN_S3 = [
    "arn:aws:s3:::" + path
    for path in (
        "ratings",
        "ratings/*",
        "ratings/in/*",
        "ratings/i?/*",
        "ratings/${Main.Day?}/*",
        "ratings/${Main.Day?}",
        "ratings/${Main.Day?}.csv",
        "ratings-${Main.Stage?}",
        "ratings-${Main.Stage?}/*",
        "ratings-${Main.Stage?}/${Main.Day?}*",
        "ratings-${Main.Stage?}-old/in/*",
        "ratings*-${Main.Stage?}/in/?",
        "${Main.Stage?}${Main.Day?}/in/*",
    )
]


@pytest.mark.parametrize("compare", [same, matches])
def test_an_answer_holds_whatever_the_holes_are(compare: Any) -> None:
    """It is the answer for the texts with a value in each hole, too."""
    for value, pattern in product(_IN_S3, repeat=2):
        answer = compare(value, pattern)
        for stage, day in product(("", "a", "a-old"), ("in", "in/a", "")):
            if answer is not MAYBE:
                one, other = (
                    text.replace("${Main.Stage?}", stage).replace("${Main.Day?}", day)
                    for text in (value, pattern)
                )
                assert compare(one, other) is answer
