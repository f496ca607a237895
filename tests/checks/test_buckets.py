"""Buckets of an assembly: their policies, accounts and keys, and paths in them."""

import re
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import check_assembly
from personalize_kms_check._model.causes import Cause
from personalize_kms_check._model.policy_documents import with_strings
from tests.checks.templates import (
    AGNOSTIC,
    CLEAN,
    ROLE,
    Json,
    alias,
    bucket,
    bucket_policy,
    check,
    complete,
    dataset,
    findings,
    importing,
    lines,
    managed,
    messages,
    of_type,
    reading,
    reasons,
    write,
)

BOTH = ("s3:GetObject", "s3:ListBucket")
KEY_UNSEEN = "a key that encrypts it needs permissions, too, and can't be seen, since "
BY_ALIAS = (
    "it is encrypted with arn:aws:kms:eu-west-1:111122223333:alias/theirs, an alias that isn't "
    "part of the app"
)
ARN_OF_ALIAS = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:alias/data"


def encrypted(algorithm: Any = "aws:kms", key: Any = None) -> dict[str, Any]:
    """The properties of a bucket's default encryption."""
    return {"SSEAlgorithm": algorithm, **({"KMSMasterKeyID": key} if key else {})}


def of_two_keys(**encryption: Any) -> Json:
    """A template with an import from a bucket, with a second key, and aliases for both."""
    return importing(
        Bucket=bucket(**encryption),
        DataKey={"Type": "AWS::KMS::Key"},
        Alias=alias("alias/data", {"Ref": "DataKey"}),
        OfKey=alias("alias/key", {"Fn::GetAtt": ["Key", "Arn"]}),
    )


@pytest.mark.parametrize(
    ("encryption", "has_its_own"),
    [
        ({}, False),
        (encrypted("AES256"), False),
        (encrypted(key="alias/key"), False),
        (encrypted(key={"Fn::GetAtt": ["DataKey", "Arn"]}), True),
        (encrypted("aws:kms:dsse", "alias/data"), True),
        (encrypted(key={"Ref": "Alias"}), True),
        (encrypted(key={"Fn::Sub": ARN_OF_ALIAS}), True),
    ],
)
def test_the_key_of_a_bucket(encryption: Any, has_its_own: bool, tmp_path: Path) -> None:
    """S3 takes its ARN, id or alias; a bucket that isn't encrypted with KMS has none."""
    report = check(tmp_path, of_two_keys(**encryption), **AGNOSTIC)
    lacking = {on for _, column, _, on in lines(report, report.missing) if column == "key"}
    assert lacking == ({"${Main/DataKey}"} if has_its_own else set())
    assert not any(reason.startswith(KEY_UNSEEN) for reason in reasons(report))
    assert report.problems == ()


@pytest.mark.parametrize(
    ("encryption", "why"),
    [
        (encrypted(key="alias/theirs"), BY_ALIAS),
        (
            encrypted({"Ref": "Stage"}, {"Ref": "Key"}),
            "its encryption isn't known before deployment",
        ),
    ],
)
def test_an_encryption_that_is_not_known(encryption: Any, why: str, tmp_path: Path) -> None:
    """Another team's alias stands for a key out of sight, and a parameter for any encryption."""
    report = check(tmp_path, of_two_keys(**encryption))
    assert (report.missing, report.problems) == ((), ())
    assert reasons(report) == {f"{KEY_UNSEEN}{why}"}


def test_the_key_of_a_bucket_is_a_parameter(tmp_path: Path) -> None:
    """It may be an id, an ARN or an alias."""
    report = check(tmp_path, of_two_keys(**encrypted(key={"Ref": "Stage"})))
    assert {entry.resource for entry in report.undecided if entry.action.startswith("kms:")} == {
        "${Main.Stage?}"
    }


def test_awss_own_key_cannot_work(tmp_path: Path) -> None:
    """It is the key that S3 takes where none is named."""
    report = check(tmp_path, importing(Bucket=bucket(**encrypted())))
    assert ["aws/s3" in message for message in messages(report)] == [True]


def test_two_policies_of_a_bucket(tmp_path: Path) -> None:
    """S3 keeps one."""
    half, other = bucket_policy("s3:GetObject"), bucket_policy("s3:ListBucket")
    both = (
        "has 2 bucket policies, Main/One and Main/Other, but S3 keeps one: put the statements into "
        "one; in a CDK app, use the bucket's add_to_resource_policy, or make your policy "
        "first, with bucket=bucket.bucket_name"
    )
    template = importing(One=half, Other=other, Data=dataset("One", "Other", "Read"))
    (problem,) = check(tmp_path, template).problems
    assert (problem.message, problem.places[0].construct_path) == (
        f"Main/Bucket {both}",
        "Main/Other",
    )
    del template["Resources"]["Bucket"]
    assert messages(check(tmp_path, template)) == [f"arn:aws:s3:::ratings {both}"]


BY_REGION = {"Fn::Sub": "ratings-${AWS::Region}"}


def of_this_name(name: Any, *, is_made: bool = True) -> Json:
    """An import from a bucket of this name, which has a policy."""
    data = dataset("One", "Read", path={"Fn::Join": ["", ["s3://", name, "/in/"]]})
    made = importing(One=bucket_policy(*BOTH, bucket=name), Data=data)
    made["Resources"]["Bucket"]["Properties"]["BucketName"] = name
    if not is_made:
        del made["Resources"]["Bucket"]
    return made


@pytest.mark.parametrize(
    ("template", "of"),
    [
        (of_this_name(BY_REGION), ""),
        (of_this_name(BY_REGION, is_made=False), ""),
        (of_this_name("ratings"), "Main/Bucket"),
        (of_this_name("ratings", is_made=False), "arn:${AWS::Partition}:s3:::ratings"),
    ],
    ids=["by Region", "imported by Region", "literal", "imported"],
)
def test_policies_of_one_name_in_two_stacks(template: Json, of: str, tmp_path: Path) -> None:
    """They are of one bucket for certain only where all of its name is known."""
    problems = check(tmp_path, template, template, **AGNOSTIC).problems
    told = [problem.says for problem in problems if problem.cause is Cause.BUCKET_POLICIES]
    says = f"{of} has 2 bucket policies, Main/One and Other/One, but S3 keeps one"
    assert told == ([says] if of else [])


def test_buckets_that_are_not_told_apart(tmp_path: Path) -> None:
    """Policy and key of another bucket aren't taken for this bucket's."""
    template = of_this_name(BY_REGION)
    report = check(tmp_path, template, template, **AGNOSTIC)
    not_told_apart = (
        "Other/Bucket has the same name, so it isn't known whose policies are whose: name each "
        "differently, or set the env of each stack"
    )
    assert any(not_told_apart in reason for reason in reasons(report))


@pytest.mark.parametrize(
    ("one", "other", "in_prod"),
    [("IsProd", "IsProd", 1), (None, "IsDev", 0)],
)
def test_two_policies_of_a_bucket_under_conditions(
    one: str | None, other: str, in_prod: int, tmp_path: Path
) -> None:
    """It is a problem where both are made."""
    under = {} if one is None else {"Condition": one}
    half = bucket_policy("s3:GetObject", **under)
    rest = bucket_policy("s3:ListBucket", Condition=other)
    template = importing(One=half, Other=rest, Data=dataset("One", "Other", "Read"))
    for parameters, number in ((None, 0), ({"Stage": "prod"}, in_prod)):
        problems = check_assembly(
            write(tmp_path, {"Main": template}), parameters=parameters
        ).problems
        assert [problem.cause.id for problem in problems] == ["bucket-policies"] * number


@pytest.mark.parametrize(
    ("named", "depends_on"),
    [
        ({"Ref": "Stage"}, "Main.Stage (pass --parameters Stage=…)"),
        (
            {"Fn::If": ["IsProd", {"Ref": "Bucket"}, "another"]},
            "Fn::If IsProd by Main.Stage (pass --parameters Stage=…)",
        ),
    ],
)
def test_a_policy_that_may_be_of_the_bucket(named: Any, depends_on: str, tmp_path: Path) -> None:
    """It may allow what the bucket's own policy lacks."""
    listing = importing(
        One=bucket_policy("s3:ListBucket"), Other=bucket_policy("s3:GetObject", bucket=named)
    )
    report = check(tmp_path, listing)
    assert report.missing == ()
    doubt = f"whether policy Main/Other is its own depends on {depends_on}"
    assert [(entry.action, entry.because) for entry in report.undecided] == [
        ("s3:GetObject", f"the bucket policy of arn:aws:s3:::ratings can't be seen: {doubt}")
    ]


def test_what_else_names_a_bucket_is_no_bucket_policy(tmp_path: Path) -> None:
    """An access point has a policy of its own, which allows nothing by itself."""
    point = of_type("AWS::S3::AccessPoint", Bucket={"Ref": "Bucket"}, Name="point")
    assert findings(check(tmp_path, importing(Point=point))) == CLEAN


def test_the_policy_of_an_imported_bucket(tmp_path: Path) -> None:
    """A policy that the app makes is the bucket's only policy; its encryption isn't known."""
    whole = importing()
    report = check(tmp_path, whole)
    assert findings(report) == CLEAN
    assert report.names["arn:aws:s3:::ratings"] == "Main/Bucket"
    resources = whole["Resources"]
    del resources["Bucket"]
    report = check(tmp_path, whole)
    assert (report.missing, report.problems) == ((), ())
    assert reasons(report) == {f"{KEY_UNSEEN}it isn't part of the app"}
    resources["One"] = bucket_policy("s3:GetObject")
    missing = check(tmp_path, whole).missing
    assert [(entry.principal, entry.action) for entry in missing] == [("service", "s3:ListBucket")]
    del resources["One"]
    unseen = "the bucket policy of arn:aws:s3:::ratings can't be seen: it isn't part of the app"
    assert unseen in reasons(check(tmp_path, whole))


def test_a_bucket_beside_a_stage(tmp_path: Path) -> None:
    """A stage names the app's other resources by strings."""
    stage = write(tmp_path / "assembly-Prod", {"Main": complete(Data=dataset())})
    data = {"Resources": {"Bucket": bucket(), "One": bucket_policy(*BOTH)}}
    report = check_assembly(write(tmp_path, {"Data": data}, stages={"Prod": stage}))
    assert report.undecided == ()
    of_bucket = {
        (entry.principal, entry.action) for entry in report.allowed if entry.policy == "bucket"
    }
    assert of_bucket == {("service", "s3:GetObject"), ("service", "s3:ListBucket")}


def test_a_bucket_of_a_stack_in_another_account(tmp_path: Path) -> None:
    """Across accounts its policy has to allow the role, too."""
    data = {"Resources": {"Bucket": bucket(), "One": bucket_policy(*BOTH)}}
    main = complete(Data=dataset())
    report = check_assembly(
        write(tmp_path, {"Main": main, "Data": data}, accounts={"Data": "444455556666"})
    )
    missing = [
        (entry.principal, entry.action) for entry in report.missing if entry.policy == "bucket"
    ]
    assert missing == [("role", "s3:GetObject"), ("role", "s3:ListBucket")]


def test_a_bucket_that_stacks_of_two_accounts_use(tmp_path: Path) -> None:
    """It is in either of them, or in a third one, where its policy has to allow both roles."""
    main = complete(Data=dataset("Read"), Read=reading())
    directory = write(tmp_path, {"Main": main, "Other": main}, accounts={"Other": "444455556666"})
    policy = bucket_policy(*BOTH)["Properties"]["PolicyDocument"]
    of_both = {"StringEqualsIfExists": {"aws:SourceAccount": ["111122223333", "444455556666"]}}
    policy["Statement"][0]["Condition"] = of_both
    report = check_assembly(directory, policies={"arn:aws:s3:::ratings": policy})
    assert report.missing == ()
    assert {(entry.principal, entry.because) for entry in report.undecided if entry.action} == {
        ("role", "it isn't known whether role and bucket are in one account")
    }
    assert (
        "] pass the bucket's account in from_bucket_attributes, or check the account with "
        "personalize-kms doctor\n"
    ) in report.to_text()


def test_a_bucket_policy_of_a_stack_that_nothing_waits_for(tmp_path: Path) -> None:
    """Known by a literal name alone, it may be deployed later."""
    main = importing(Data=dataset("Read"))
    data = {"Resources": {name: main["Resources"].pop(name) for name in ("Bucket", "One")}}
    stacks = {"Storage": data, "Main": main}
    (problem,) = check_assembly(write(tmp_path, stacks)).problems
    assert problem.kind == "ordering"
    assert problem.message.startswith(
        "Main/Data (dataset import job) may be created before policy Storage/One"
    )
    told = findings(check_assembly(write(tmp_path, stacks, dependencies={"Main": ["Storage"]})))
    assert told == CLEAN


def test_the_policy_of_another_bucket(tmp_path: Path) -> None:
    """It doesn't let Personalize read this one, though neither has a name that is known."""
    names = {
        "Bucket": {"Fn::If": ["IsProd", "prod-in", "dev-in"]},
        "Other": {"Fn::If": ["IsProd", "prod-out", "dev-out"]},
    }
    buckets = {
        logical_id: {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}
        for logical_id, name in names.items()
    }
    listing = bucket_policy(*BOTH, bucket={"Ref": "Other"})
    data = dataset("One", "Read", path={"Fn::Sub": "s3://${Bucket}/in/"})
    read = managed({"Effect": "Allow", "Action": [*BOTH], "Resource": "*"})
    report = check(tmp_path, importing(**buckets, One=listing, Data=data, Read=read))
    told = [(entry.principal, entry.action, entry.policy) for entry in report.missing]
    assert told == [("service", "s3:GetObject", "bucket"), ("service", "s3:ListBucket", "bucket")]


def test_paths_that_are_none(tmp_path: Path) -> None:
    """A path that isn't a URI of S3 is a problem, and an unknown path is open."""
    wrong = check(tmp_path, complete(Data=dataset(path="/data/ratings.csv")))
    assert messages(wrong) == [
        "Main/Data: its source is '/data/ratings.csv', expected an s3:// URI: pass one, for "
        "example s3://bucket/folder/"
    ]
    unknown = check(tmp_path, complete(Data=dataset(path={"Ref": "Stage"})))
    assert unknown.problems == ()
    assert reasons(unknown) == {"its source ${Main.Stage?} isn't known before deployment"}
    # Systems Manager has the bucket's name.
    path = {"Fn::Sub": "s3://{{resolve:ssm:/${Stage}/bucket}}/import/"}
    kept = check(tmp_path, complete(Data=dataset(path=path)))
    assert kept.problems == ()
    actions = {entry.action for entry in kept.undecided if entry.policy == "bucket"}
    assert actions == {"s3:GetObject", "s3:ListBucket"}


def writing(path: Any, **more: Any) -> Json:
    """A metric attribution that writes there."""
    output = {"RoleArn": ROLE, "S3DataDestination": {"Path": path, **more}}
    properties = {
        "DatasetGroupArn": {"Fn::GetAtt": ["Movies", "DatasetGroupArn"]},
        "MetricsOutputConfig": output,
    }
    return {**of_type("AWS::Personalize::MetricAttribution", **properties), "DependsOn": "Write"}


@pytest.mark.parametrize(
    "path",
    [
        "s3://ratings",
        "s3://ratings/out",
        {"Fn::Sub": "s3://ratings/${Stage}/out"},
    ],
)
def test_a_destination_is_judged_as_a_folder(path: Any, tmp_path: Path) -> None:
    """Nothing is missing because of the slash."""
    write_metrics = managed(
        {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::ratings/*"},
    )
    report = check(tmp_path, complete(Clicks=writing(path), Write=write_metrics))
    assert [problem for problem in report.problems if problem.kind == "configuration"] == []
    (wanted,) = {
        entry.resource
        for entry in (*report.allowed, *report.missing)
        if entry.action == "s3:PutObject"
    }
    assert wanted.endswith(("/*", "?}"))
    assert report.missing == ()


def test_the_key_of_an_output_that_is_not_named_by_its_arn(tmp_path: Path) -> None:
    """A metric attribution's, a batch job's."""
    report = check(tmp_path, complete(Clicks=writing("s3://metrics/", KmsKeyArn={"Ref": "Key"})))
    assert [problem.message for problem in report.problems if problem.kind != "ordering"] == [
        "Main/Clicks: the key of its destination is ${Main.Key}, and Personalize takes only the "
        "ARN of a key: pass the key's ARN"
    ]


@pytest.mark.parametrize("objects", ["/in/*", ""])
def test_a_bucket_named_by_a_parameter(objects: str, tmp_path: Path) -> None:
    """Statements on its ARN alone are about none of its objects, whatever its name is."""

    def change(text: str) -> Any:
        text = re.sub(r"ratings/.*\*", f"ratings-${{Stage}}{objects}", text)
        return (
            {"Fn::Sub": re.sub("ratings(?!-)", "ratings-${Stage}", text)}
            if "ratings" in text
            else text
        )

    report = check(tmp_path, with_strings(importing(), change))
    needed = ("s3:GetObject", "${Main/Bucket}/in/*")
    lacking = {("role", "role", *needed), ("service", "bucket", *needed)}
    assert lines(report, report.missing) == (set() if objects else lacking)
    assert findings(report)[1:] == ((), ())


def test_a_path_that_is_a_parameter_may_be_a_file(tmp_path: Path) -> None:
    """A statement on the file is right, and one on its folder, too."""
    path = {"Fn::Sub": "s3://${Stage}"}
    read = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": {"Fn::Sub": "arn:aws:s3:::${Stage}"},
    }
    report = check(tmp_path, complete(Read=managed(read), Data=dataset("Read", path=path)))
    assert {entry.action for entry in report.missing} == {"s3:ListBucket"}
