"""Statements as templates take them."""

import json
from typing import Any

import pytest

from personalize_kms_check._advice.pasting import pasted
from personalize_kms_check._model.declarations import Declaration
from personalize_kms_check._shared.values import as_text, as_written, shown

ORIGINS = {
    "arn:${AWS::Partition}:s3:::${Main.Data}": {"Fn::GetAtt": ["Data", "Arn"]},
    "${Main.Data}": {"Ref": "Data"},
    "${Main.Data}/in": {"Fn::Join": ["/", [{"Ref": "Data"}, "in"]]},
    "${Main.KeyArn?}": {"Ref": "KeyArn"},
    "${Main.Nested.Outputs.Key?}": {"Fn::GetAtt": "Nested.Outputs.Key"},
    "${export Role?}": {"Fn::ImportValue": "Role"},
    "${AWS::AccountId}": {"Ref": "AWS::AccountId"},
    "${resolve:ssm:/key #1?}": "{{resolve:ssm:/key}}",
    "arn:aws:iam::111122223333:role/Jobs": {"Fn::GetAtt": ["Role", "Arn"]},
    "arn:aws:s3:::movies": {"Fn::GetAtt": ["Movies", "Arn"]},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("kms:Decrypt", "kms:Decrypt"),
        ("arn:aws:s3:::ratings/*", "arn:aws:s3:::ratings/*"),
        # A function as it is, with something after it, and twice.
        ("${Main.KeyArn?}", {"Ref": "KeyArn"}),
        ("${export Role?}", {"Fn::ImportValue": "Role"}),
        ("arn:${AWS::Partition}:s3:::${Main.Data}", {"Fn::GetAtt": ["Data", "Arn"]}),
        ("arn:${AWS::Partition}:s3:::${Main.Data}/a/*", {"Fn::Sub": "${Data.Arn}/a/*"}),
        ("arn:aws:s3:::${Main.Data}/${Main.Data}", {"Fn::Sub": "arn:aws:s3:::${Data}/${Data}"}),
        ("${Main.Nested.Outputs.Key?}/a", {"Fn::Sub": "${Nested.Outputs.Key}/a"}),
        (
            "a/${export Role?}/${export Role?}",
            {
                "Fn::Sub": [
                    "a/${Part1}/${Part2}",
                    {f"Part{number}": {"Fn::ImportValue": "Role"} for number in (1, 2)},
                ]
            },
        ),
        (
            "${Main.Data}/in/*",
            {"Fn::Sub": ["${Part1}/*", {"Part1": {"Fn::Join": ["/", [{"Ref": "Data"}, "in"]]}}]},
        ),
        # What the template makes under a name that is text: itself and what is in it, and nothing
        # that begins alike.
        ("arn:aws:iam::111122223333:role/Jobs", {"Fn::GetAtt": ["Role", "Arn"]}),
        ("arn:aws:iam::111122223333:role/Jobs2", "arn:aws:iam::111122223333:role/Jobs2"),
        ("arn:aws:s3:::movies", {"Fn::GetAtt": ["Movies", "Arn"]}),
        ("arn:aws:s3:::movies/in/*", {"Fn::Sub": "${Movies.Arn}/in/*"}),
        ("arn:aws:s3:::movies-2/in/*", "arn:aws:s3:::movies-2/in/*"),
        # Dynamic references, as text.
        ("${resolve:ssm:/key #1?}", "{{resolve:ssm:/key}}"),
        ("${Main.Data}/${resolve:ssm:/key #1?}/*", {"Fn::Sub": "${Data}/{{resolve:ssm:/key}}/*"}),
        # Pseudo parameters, whether the template has them or not.
        ("${AWS::AccountId}", {"Ref": "AWS::AccountId"}),
        ("${AWS::Region}", {"Ref": "AWS::Region"}),
        ("arn:aws:iam::${AWS::AccountId}:root", {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}),
        ("arn:${AWS::Partition}:s3:::a", {"Fn::Sub": "arn:${AWS::Partition}:s3:::a"}),
        # What the template doesn't have stays, and is no variable.
        ("${Other.Key}", "${Other.Key}"),
        ("arn:aws:s3:::${Other.Data}/*", "arn:aws:s3:::${Other.Data}/*"),
        (
            "arn:${AWS::Partition}:s3:::${Other.Data}/*",
            {"Fn::Sub": "arn:${AWS::Partition}:s3:::${!Other.Data}/*"},
        ),
        # In statements, wherever it is.
        (
            {
                "Resource": ["a", "${Main.Data}"],
                "Condition": {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}},
            },
            {
                "Resource": ["a", {"Ref": "Data"}],
                "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
            },
        ),
        (({"Resource": "${Other.Key}"},), [{"Resource": "${Other.Key}"}]),
        ({"Resource": "*", "Version": 1}, {"Resource": "*", "Version": 1}),
    ],
)
def test_functions_take_the_place_of_holes(value: Any, expected: Any) -> None:
    """Each function by its value, the longest first."""
    assert pasted(value, ORIGINS) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # In a string as it is, and in Fn::Sub, which takes what isn't escaped for its own.
        (as_text("a/${AWS::Region}"), "a/${AWS::Region}"),
        ("${Main.Data}/" + as_text("${AWS::Region}"), {"Fn::Sub": "${Data}/${!AWS::Region}"}),
        # Variables of policies, of which AWS knows the values.
        ("${aws:username}/*", "${aws:username}/*"),
        ("${Main.Data}/${aws:username}/*", {"Fn::Sub": "${Data}/${!aws:username}/*"}),
        # A function that has one.
        ("${Main.Data}/of/${aws:username}", {"Fn::Sub": "${Data}/of/${!aws:username}"}),
    ],
)
def test_what_is_text_stays_text(value: str, expected: Any) -> None:
    """Nobody has to find a value for it."""
    written = as_written('"${Data}/of/${!aws:username}"')
    result = pasted(
        value, {**ORIGINS, "${Main.Data}/of/" + as_text("${aws:username}"): {"Fn::Sub": written}}
    )
    assert json.loads(shown(json.dumps(result))) == expected


@pytest.mark.parametrize(
    ("declaration", "where"),
    [
        (
            ("cdk.out/Main.template.json", "Main/Key", "Key"),
            {"template": "Main.template.json", "logical_id": "Key"},
        ),
        (
            ("/a/b/Main.template.json", "Main/Encryption", ""),
            {"template": "Main.template.json", "construct_path": "Main/Encryption"},
        ),
        (
            (
                "/assembly-x/cdk.out/assembly-Prod/assembly-Prod-A/M.template.json",
                "Prod/A/M/Key",
                "Key",
            ),
            {"template": "assembly-Prod/assembly-Prod-A/M.template.json", "logical_id": "Key"},
        ),
    ],
)
def test_where_something_is(declaration: tuple[str, str, str], where: dict[str, str]) -> None:
    """Below the app's assembly, wherever that is."""
    assert Declaration(*declaration).where == where
