"""``Fn::If`` in a policy: what each of its values gives, and what is so whichever it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs._access.causes import Cause
from tests.checks.templates import (
    ACCOUNT,
    ACTIONS,
    CLEAN,
    IN_IAM,
    KEY,
    NO_VALUE,
    ROLE,
    bucket,
    bucket_policy,
    check,
    complete,
    dataset,
    dataset_group,
    findings,
    importing,
    key,
    managed,
    policy,
    reasons,
    role,
)

Statement = dict[str, Any]

ADMIN = "arn:aws:iam::111122223333:role/Admin"
ON_KEY: list[Statement] = key()["Properties"]["KeyPolicy"]["Statement"]
OF_ROLE, OF_SERVICE = ON_KEY
OF_ADMIN: Statement = {"Effect": "Allow", "Principal": {"AWS": ADMIN}, "Action": "kms:*", "Resource": "*"}
DENY: Statement = {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}
DENY_ADMIN: Statement = {**DENY, "Principal": {"AWS": ADMIN}}
ALLOW = {"Effect": "Allow", "Action": IN_IAM, "Resource": KEY}
OF_NOBODY: Statement = {"Statement": []}
OTHER_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"
OTHER_ROLE = {"Fn::GetAtt": ["Other", "Arn"]}
NOBODY_ELSE = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
IS_OPEN = "it depends on the condition Main.IsProd"


def if_prod(then: Any, otherwise: Any = NO_VALUE) -> Any:
    """One of two, by a condition that can't be decided."""
    return {"Fn::If": ["IsProd", then, otherwise]}


CHECK = if_prod({"StringEquals": {"aws:SourceAccount": ACCOUNT}})


def with_key(statements: Any, version: str = "2012-10-17", **more: Any) -> Any:
    """A template with these statements in the key's policy."""
    document = {"Version": version, "Statement": statements}
    return complete(Key=key(KeyPolicy=document), **more)


@pytest.mark.parametrize("version", ["2012-10-17", "2008-10-17"])
@pytest.mark.parametrize(
    "statements",
    [
        # A statement for others, or none.
        [*ON_KEY, if_prod(OF_ADMIN)],
        [*ON_KEY, if_prod(NO_VALUE, DENY_ADMIN)],
        [*ON_KEY, if_prod(DENY_ADMIN, OF_ADMIN)],
        if_prod([*ON_KEY, DENY_ADMIN], ON_KEY),
        # All that is needed, either way.
        [if_prod(OF_ROLE, {**OF_ROLE, "Sid": "Dev", "Action": "kms:*"}), OF_SERVICE],
        [OF_ROLE, {**OF_SERVICE, "Action": if_prod("kms:*", ACTIONS)}],
        [OF_ROLE, {**OF_SERVICE, "Action": [*ACTIONS, if_prod("kms:Encrypt")]}],
        [{**OF_ROLE, "Principal": {"AWS": [ROLE, if_prod(ADMIN)]}}, OF_SERVICE],
        [OF_ROLE, {**OF_SERVICE, "Condition": if_prod(OF_SERVICE["Condition"])}],
        [{**OF_ROLE, "Condition": {"Bool": if_prod({"aws:SecureTransport": "true"}, {})}}, OF_SERVICE],
        # A denial that is about others, whichever it is.
        [*ON_KEY, {**DENY, "Principal": {"AWS": if_prod(ADMIN, f"{ADMIN}2")}}],
        [*ON_KEY, if_prod(if_prod(DENY_ADMIN, OF_ADMIN), {**DENY_ADMIN, "Sid": {"Fn::If": ["IsDev", "A", "B"]}})],
    ],
)
def test_what_is_the_same_either_way_is_decided(statements: Any, version: str, tmp_path: Path) -> None:
    """A value that a condition chooses may be a part of a statement, a statement, or several."""
    found = check(tmp_path, with_key(statements, version=version))
    assert (found.missing, found.problems) == ((), ())
    assert {each.cause for each in found.undecided} <= {Cause.MAY_BE_THERE}


@pytest.mark.parametrize(
    ("statements", "open_for"),
    [
        ([if_prod(OF_ROLE), OF_SERVICE], {"role"}),
        ([if_prod(OF_ROLE, OF_ADMIN), OF_SERVICE], {"role"}),
        ([OF_ROLE, {**OF_SERVICE, "Principal": if_prod(OF_SERVICE["Principal"], {"AWS": ADMIN})}], {"service"}),
        ([*ON_KEY, if_prod(DENY)], {"role", "service"}),
        ([*ON_KEY, if_prod(DENY_ADMIN, {**DENY, "Principal": {"AWS": ROLE}})], {"role"}),
        ([OF_ROLE, {**OF_SERVICE, "Action": [*ACTIONS[1:], if_prod(ACTIONS[0])]}], {"service"}),
        # One part is one of two, and another isn't known at all.
        ([*ON_KEY, if_prod({**DENY, "Principal": {"AWS": {"Ref": "Stage"}}}, DENY_ADMIN)], {"role", "service"}),
        ([*ON_KEY, if_prod({"Ref": "Stage"}, DENY_ADMIN)], {"role", "service"}),
    ],
)
def test_what_differs_is_open_and_names_the_condition(
    statements: list[Any], open_for: set[str], tmp_path: Path
) -> None:
    """For whom it differs, and for nobody else."""
    found = check(tmp_path, with_key(statements))
    assert found.missing == ()
    assert {each.principal for each in found.undecided} == open_for
    assert all(IS_OPEN in each for each in reasons(found))


def test_what_is_missing_either_way_is_missing(tmp_path: Path) -> None:
    """Neither value gives it."""
    found = check(tmp_path, with_key([OF_ROLE, if_prod(OF_ADMIN, {**OF_SERVICE, "Action": "kms:Encrypt"})]))
    assert {(each.principal, each.action) for each in found.missing} == {("service", each) for each in ACTIONS}
    assert {(each.cause, each.action) for each in found.undecided} == {(Cause.MAY_BE_THERE, "kms:Encrypt")}


def test_a_condition_of_the_request_chooses(tmp_path: Path) -> None:
    """Where the dataset group is made the condition holds, and the other value is none."""
    template = with_key([if_prod(OF_ROLE, OF_ADMIN), OF_SERVICE], Movies=dataset_group(Condition="IsProd"))
    assert findings(check(tmp_path, template)) == CLEAN
    other = with_key([if_prod(OF_ADMIN, OF_ROLE), OF_SERVICE], Movies=dataset_group(Condition="IsProd"))
    assert {each.principal for each in check(tmp_path, other).missing} == {"role"}


CONDITIONS: dict[str, Any] = {
    "IsLive": {"Condition": "IsProd"},
    "IsBig": {"Fn::Equals": [{"Ref": "Size"}, "big"]},
    "IsBoth": {"Fn::And": [{"Condition": "IsLive"}, {"Condition": "IsBig"}]},
    "IsMore": {"Fn::And": [{"Condition": "IsProd"}, {"Fn::Equals": [{"Ref": "Stage"}, "more"]}]},
    "IsHere": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "Always"}]},
}


@pytest.mark.parametrize(
    ("of_policy", "of_group", "depends_on"),
    [
        ("IsLive", "IsProd", None),
        ("IsProd", "IsLive", None),
        ("IsProd", "IsBoth", None),
        ("IsBoth", "IsBoth", None),
        ("IsHere", "IsProd", None),
        ("IsProd", "IsMore", None),
        ("IsMore", "IsMore", None),
        ("IsBoth", "IsProd", "Main.IsBig"),
        ("IsMore", "IsProd", "Main.IsMore"),
        ("IsProd", "IsBig", "Main.IsProd"),
    ],
)
def test_a_policy_with_a_condition_that_the_requests_implies(
    of_policy: str, of_group: str, depends_on: str | None, tmp_path: Path
) -> None:
    """By another name, or as a part of it."""
    template = complete(Movies=dataset_group(Condition=of_group))
    template["Conditions"] |= CONDITIONS
    template["Resources"]["Policy"]["Condition"] = of_policy
    found = check(tmp_path, template)
    assert (found.missing, found.problems) == ((), ())
    because = f"statement number 1 of policy Main/Policy: it depends on the condition {depends_on}"
    assert reasons(found) == (set() if depends_on is None else {because})


TEST = {"Fn::Equals": [{"Ref": "Stage"}, "test"]}
OPPOSITES: dict[str, Any] = {
    **CONDITIONS,
    "IsTest": TEST,
    "IsNotTest": {"Fn::Not": [TEST]},
    "IsBigDev": {"Fn::And": [{"Condition": "IsDev"}, {"Condition": "IsBig"}]},
    "IsProdHere": {"Fn::Equals": [{"Ref": "Size"}, "prod"]},
    "IsAlsoProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
}
IMPORTING = {
    ("role", "s3:GetObject"),
    ("role", "s3:ListBucket"),
    ("service", "s3:GetObject"),
    ("service", "s3:ListBucket"),
}


@pytest.mark.parametrize(
    ("of_policies", "of_dataset", "excluded"),
    [
        ("IsProd", "IsDev", True),
        ("IsDev", "IsProd", True),
        ("IsLive", "IsDev", True),
        ("IsProd", "IsBigDev", True),
        ("IsBigDev", "IsLive", True),
        # Without a condition's name, or by two values of one parameter.
        ("IsTest", "IsNotTest", True),
        ("IsNotTest", "IsTest", True),
        ("IsProd", "IsTest", True),
        ("IsBig", "IsProd", False),
        ("IsProdHere", "IsTest", False),
        ("IsAlsoProd", "IsProd", False),
        ("IsDev", None, False),
    ],
)
def test_a_policy_that_is_not_there_where_the_request_is(
    of_policies: str, of_dataset: str | None, excluded: bool, tmp_path: Path
) -> None:
    """Its condition and that of the request never hold together, so it gives nothing."""
    template = importing()
    template["Conditions"] |= OPPOSITES
    own = template["Resources"]
    own["One"]["Condition"] = own["Read"]["Condition"] = of_policies
    own["Data"] |= {} if of_dataset is None else {"Condition": of_dataset}
    found = check(tmp_path / "policies", template)
    names = [{(each.principal, each.action) for each in entries} for entries in (found.missing, found.undecided)]
    assert names == ([IMPORTING, set()] if excluded else [set(), IMPORTING])
    assert {each.make for each in found.missing} == ({"", "AWS::S3::BucketPolicy"} if excluded else set())


@pytest.mark.parametrize(("of_one", "of_other"), [("IsBoth", "IsProd"), ("IsProd", "IsBoth")])
def test_a_policy_that_is_there_for_one_of_two_requests(of_one: str, of_other: str, tmp_path: Path) -> None:
    """The entry of the other says on what it depends, whichever comes first."""
    one, other = ({**dataset("One", "Read", Name=each), "Condition": each} for each in (of_one, of_other))
    template = importing(One={**bucket_policy("s3:GetObject"), "Condition": "IsBoth"}, Data=one, More=other)
    template["Conditions"] |= CONDITIONS
    found = [each for each in check(tmp_path, template).missing if each.action == "s3:ListBucket"]
    told = {of_one: "Main/Data (dataset import job)", of_other: "Main/More (dataset import job)"}
    assert {each.depends_on: each.needed_by for each in found} == {
        (): [told["IsBoth"]],
        ("Main.IsBig",): [told["IsProd"]],
    }


@pytest.mark.parametrize(("of_statement", "of_group"), [("IsProd", "IsDev"), ("IsDev", "IsProd")])
def test_a_statement_that_the_opposite_condition_chooses(of_statement: str, of_group: str, tmp_path: Path) -> None:
    """It isn't there where the dataset group is made; the other value is."""
    chosen = managed({"Fn::If": [of_statement, ALLOW, NO_VALUE]})
    found = check(tmp_path / "1", complete(Policy=chosen, Movies=dataset_group(Condition=of_group)))
    assert ({each.action for each in found.missing}, found.undecided) == (set(IN_IAM), ())
    other = managed({"Fn::If": [of_statement, NO_VALUE, ALLOW]})
    assert findings(check(tmp_path / "2", complete(Policy=other, Movies=dataset_group(Condition=of_group)))) == CLEAN


@pytest.mark.parametrize("left_out", [{"Bucket": None}, {"Bucket": "IsProd"}])
def test_a_policy_of_what_another_deployment_may_have_made(left_out: Any, tmp_path: Path) -> None:
    """The bucket that the template doesn't make, or not there, may have the policy from the stack of another stage."""
    template = importing()
    own = template["Resources"]
    own["One"]["Condition"], own["Data"]["Condition"] = "IsProd", "IsDev"
    own["Bucket"]["Condition"] = left_out["Bucket"]
    if left_out["Bucket"] is None:
        del own["Bucket"]
    found = check(tmp_path, template)
    assert found.missing == ()
    assert {each.principal for each in found.undecided if each.policy == "bucket"} == {"service"}


@pytest.mark.parametrize("condition", ["IsLive", "IsBoth", "IsMore"])
def test_a_condition_of_the_request_chooses_by_its_own_name(condition: str, tmp_path: Path) -> None:
    """It holds there, whatever it is made of."""
    template = complete(Movies=dataset_group(Condition=condition))
    template["Conditions"] |= CONDITIONS
    template["Resources"]["Policy"] = managed({"Fn::If": [condition, ALLOW, NO_VALUE]})
    assert findings(check(tmp_path, template)) == CLEAN


def test_an_iam_statement_that_a_condition_chooses_is_decided_too(tmp_path: Path) -> None:
    """Both give it; where one doesn't, that alone is open."""
    every_key = {**ALLOW, "Resource": "*"}
    (entry,) = check(tmp_path, complete(Policy=managed(if_prod(ALLOW, every_key)))).undecided
    assert (entry.cause, entry.action, entry.resource) == (Cause.MAY_BE_THERE, ", ".join(IN_IAM), "*")
    found = check(tmp_path, complete(Policy=managed(if_prod(ALLOW, {**ALLOW, "Action": "kms:Decrypt"}))))
    assert {each.action for each in found.undecided} == set(IN_IAM) - {"kms:Decrypt"}
    assert reasons(found) == {f"statement number 1 of policy Main/Policy: {IS_OPEN}"}


@pytest.mark.parametrize(
    "chosen",
    [
        lambda each: each,
        if_prod,
        lambda each: if_prod(NO_VALUE, [each]),
        # A part of it, of a list or not.
        lambda each: {**each, "Principal": if_prod({"AWS": ADMIN}, "*")},
        lambda each: {**each, "Principal": {"AWS": [ADMIN, if_prod("*")]}},
        lambda each: {**each, "Condition": if_prod({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})},
    ],
)
def test_everybody_is_let_in_where_a_condition_holds(chosen: Any, tmp_path: Path) -> None:
    """Into a key and by a trust policy, which is told as without the condition."""
    everybody: Statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    found = check(tmp_path / "key", with_key([*ON_KEY, chosen(everybody)])).excess
    told = [each for each in found if each.cause is Cause.FOR_EVERYBODY]
    assert {(each.principal, each.action) for each in told} == {("role", "kms:*"), ("service", "kms:*")}
    template = complete()
    trust = template["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    trust.append(chosen({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}))
    (entry,) = check(tmp_path / "trust", template).excess
    assert (entry.policy, entry.cause) == ("trust", Cause.FOR_EVERYBODY)


@pytest.mark.parametrize(
    "chosen", [CHECK, {"StringEquals": {"aws:SourceAccount": ["111122223333", if_prod("444455556666")]}}]
)
def test_personalize_is_let_in_for_others_where_a_condition_holds(chosen: Any, tmp_path: Path) -> None:
    """Into a key and by a trust policy; what is taken out is taken from both that the statement may be."""
    found = check(tmp_path / "key", with_key([OF_ROLE, {**OF_SERVICE, "Condition": chosen}])).excess
    cause = Cause.FOR_ANY_ACCOUNT if chosen is CHECK else Cause.FOR_ANOTHER_ACCOUNT
    assert {(each.cause, each.principal, each.action) for each in found} == {
        (cause, "service", each) for each in ACTIONS
    }
    assert {str(each.instead) for each in found} == (
        {str(({**OF_SERVICE, "Action": [each], "Condition": NOBODY_ELSE},)) for each in ACTIONS}
        if chosen is CHECK
        else {"()"}
    )
    template = complete()
    (trust,) = template["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    trust["Condition"] = chosen
    (entry,) = check(tmp_path / "trust", template).excess
    assert (entry.policy, entry.cause) == ("trust", cause)


WIDE: Statement = {"Effect": "Allow", "Action": ["kms:*", "s3:*"], "Resource": "*"}
ALL: Statement = {**WIDE, "Action": "*"}
NEVER = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    ("template", "too_much"),
    [
        # A statement in a key's policy, and in the role's; and a policy of the role.
        (with_key([*ON_KEY, if_prod({**OF_SERVICE, "Action": "kms:Encrypt"})]), ["kms:Encrypt"]),
        (complete(Policy=managed(ALLOW, if_prod(WIDE))), ["kms:*"]),
        (importing(More=managed(WIDE) | {"Condition": "IsProd"}), ["kms:*, s3:*"]),
        # A part of a statement.
        (with_key([{**OF_ROLE, "Action": [*ACTIONS, if_prod("kms:Encrypt")]}, OF_SERVICE]), ["kms:Encrypt"]),
        (complete(Policy=managed({**ALLOW, "Resource": if_prod(KEY, "*")})), [", ".join(IN_IAM)]),
        (complete(Policy=managed({**ALL, "Resource": [KEY, if_prod(f"{ADMIN}/*")]})), None),
        # Whatever is chosen.
        (complete(Policy=managed(ALLOW, if_prod(ALL, WIDE))), ["*", "kms:*"]),
        (complete(Policy=managed(ALLOW, {**ALL, "Action": if_prod("*", "kms:*")})), ["*", "kms:*"]),
        # What gives nothing on what is used, and what isn't there where it is asked for.
        (complete(Policy=managed(ALLOW, if_prod({**WIDE, "Resource": "arn:aws:s3:::other/*"}))), []),
        (complete(Policy=managed(ALLOW, if_prod({**WIDE, "Condition": NEVER}))), []),
        (complete(Movies=dataset_group(Condition="IsDev"), More=managed(WIDE) | {"Condition": "IsProd"}), []),
        # There where it is asked for: it is certain.
        (complete(Movies=dataset_group(Condition="IsProd"), More=managed(ALL) | {"Condition": "IsProd"}), None),
        # For one of two that ask.
        (
            complete(
                Movies=dataset_group(Condition="IsProd"),
                Books=dataset_group(Condition="IsDev"),
                More=managed(ALL) | {"Condition": "IsProd"},
            ),
            None,
        ),
    ],
)
def test_what_may_be_too_much_under_a_condition_is_told_once(
    template: Any, too_much: list[str] | None, tmp_path: Path
) -> None:
    """Once for each statement that it may be, with what to do."""
    found = check(tmp_path, template)
    assert any(each.policy == "role" for each in found.excess) is (too_much is None)
    assert [each.action for each in found.undecided] == (too_much or [])
    assert {each.because.rpartition(": ")[2] for each in found.undecided} <= {
        "whether it is there depends on the condition Main.IsProd"
    }
    assert bool(too_much) is ("→ remove it, or replace it with what is needed" in found.to_text())


def test_a_statement_with_too_many_values_is_open(tmp_path: Path) -> None:
    """Five conditions have 32 combinations, and as many of them as a template may have are a long time."""
    names = [f"Is{number}" for number in range(5)]
    template = complete(Policy=policy())
    template["Conditions"] |= {each: {"Fn::Equals": [{"Ref": "Stage"}, each]} for each in names}
    chosen = [{"Fn::If": [name, "kms:Decrypt", "kms:Encrypt"]} for name in names]
    template["Resources"]["Policy"] = managed({**ALLOW, "Action": [*IN_IAM, *chosen]})
    assert findings(check(tmp_path, template)) == CLEAN
    template["Resources"]["Policy"] = managed({**ALLOW, "Action": chosen})
    assert {each.action for each in check(tmp_path, template).undecided} == set(IN_IAM)


def test_what_is_to_be_added_has_the_function(tmp_path: Path) -> None:
    """What the condition chooses is a part of a statement that the template takes."""
    place = if_prod("prod", "dev")
    path = {"Fn::Sub": ["s3://ratings/${Place}/", {"Place": place}]}
    template = importing(One=bucket_policy("s3:ListBucket"), Data=dataset("One", "Read", path=path))
    found = json.loads(check(tmp_path, template).to_json())
    of_objects = {"Fn::Sub": ["${Bucket.Arn}/${Part1}/*", {"Part1": place}]}
    assert of_objects in [each["add"]["Resource"] for each in found["missing"]]


OPTIONAL: Any = {"key": if_prod(KEY), "role": if_prod(ROLE)}
IN_PROD = {"Condition": "IsProd"}
MINE = {"Fn::GetAtt": ["Mine", "Arn"]}
IN_DEV = dataset("One", "Read") | {"Condition": "IsDev"}


PROD = {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
NOT_PROD = {"Fn::Not": [{"Condition": "IsProd"}]}
LIVE = {
    "Conditions": {
        "IsProd": PROD,
        "IsLive": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsTest"}]},
        "IsTest": {"Fn::Equals": [{"Ref": "Stage"}, "test"]},
    }
}
PASSED = {"Parameters": {"Stage": {"Type": "String"}, "Passed": {"Type": "String"}}}
TO = {"Path": "s3://ratings/metrics/"}
METRICS = {"RoleArn": ROLE, "S3DataDestination": TO}


def with_stages(grant: Any = None, values: Any = None, **conditions: Any) -> Any:
    """A template with a key in production and another in development, each with its policy."""
    in_dev = {"Condition": "IsDev"}
    template = complete(
        Key=key() | IN_PROD,
        Policy=policy() | IN_PROD,
        Mine=key() | in_dev,
        Grant=(grant or policy(MINE)) | in_dev,
        Movies=dataset_group(if_prod(KEY, MINE), waits=["Policy", "Grant"]),
    )
    template["Conditions"] = {"IsProd": PROD, **conditions}
    template["Parameters"] = {"Stage": {"Type": "String", **({"AllowedValues": values} if values else {})}}
    return template


def attribution(output: Any) -> Any:
    """A metric attribution of the dataset group."""
    properties = {"DatasetGroupArn": {"Fn::GetAtt": ["Movies", "DatasetGroupArn"]}, "MetricsOutputConfig": output}
    return {"Type": "AWS::Personalize::MetricAttribution", "Properties": properties, "DependsOn": ["Policy"]}


def encrypted(with_key: Any) -> Any:
    """The bucket, encrypted with a key."""
    return bucket(SSEAlgorithm="aws:kms", KMSMasterKeyID=with_key)


def encrypted_in_prod() -> Any:
    """The bucket, which has an encryption in production alone."""
    found = encrypted(MINE)
    found["Properties"]["BucketEncryption"] = if_prod(found["Properties"]["BucketEncryption"])
    return found


@pytest.mark.parametrize(
    ("template", "missing"),
    [
        # A key in production alone, which the dataset group and a job have there.
        (complete(Key=key() | IN_PROD, Policy=policy() | IN_PROD, Movies=dataset_group(**OPTIONAL)), set()),
        (importing(Key=key() | IN_PROD, Policy=policy() | IN_PROD, Movies=dataset_group(**OPTIONAL)), set()),
        (complete(Policy=policy(actions=IN_IAM[1:]), Movies=dataset_group(**OPTIONAL)), {"kms:Decrypt"}),
        (importing(Key=key(KeyPolicy=OF_NOBODY), Movies=dataset_group(**OPTIONAL)), set(ACTIONS)),
        # A bucket that is encrypted in production alone, or with another key.
        (importing(Bucket=encrypted_in_prod(), Mine=key()), set()),
        (importing(Bucket=encrypted_in_prod(), Mine=key(KeyPolicy=OF_NOBODY)), set(ACTIONS)),
        (importing(Bucket=encrypted_in_prod(), Mine=key(KeyPolicy=OF_NOBODY), Data=IN_DEV), set()),
        (importing(Bucket=encrypted(if_prod(MINE, KEY)), Mine=key()), set()),
        (importing(Bucket=encrypted(if_prod(MINE, KEY)), Mine=key(KeyPolicy=OF_NOBODY)), set(ACTIONS)),
        # One key or role for each stage, told apart by conditions that exclude each other.
        (with_stages(IsDev=NOT_PROD), set()),
        (with_stages(IsDev={"Fn::Not": [PROD]}), set()),
        (with_stages(IsDev={"Fn::Equals": [{"Ref": "Stage"}, "dev"]}, values=["dev", "prod"]), set()),
        (with_stages(IsDev=NOT_PROD, grant=policy(MINE, actions=IN_IAM[1:])), {"kms:Decrypt"}),
        (with_stages(IsDev={"Condition": "NotProd"}, NotProd=NOT_PROD), set()),
        # A key that is made for two stages, in one of them.
        (complete(Key=key() | {"Condition": "IsLive"}, Movies=dataset_group(Condition="IsProd")) | LIVE, set()),
        # One's own key or one that is passed; the policy is for the own.
        (
            complete(Movies=dataset_group(if_prod(KEY, {"Ref": "Passed"})), Policy=policy() | IN_PROD) | PASSED,
            set(IN_IAM),
        ),
        (
            complete(
                Movies=dataset_group(if_prod(KEY, {"Ref": "Passed"})), Policy=policy(if_prod(KEY, {"Ref": "Passed"}))
            )
            | PASSED,
            set(),
        ),
        # Arguments in one piece.
        (importing(Metrics=attribution(if_prod(METRICS))), {"cloudwatch:PutMetricData", "s3:PutObject"}),
        (
            importing(Metrics=attribution({**METRICS, "S3DataDestination": if_prod(TO)})),
            {"cloudwatch:PutMetricData", "s3:PutObject"},
        ),
        # The dataset group is made where it has no key.
        (complete(Key=key(KeyPolicy=OF_NOBODY), Movies=dataset_group(**OPTIONAL, Condition="IsDev")), set()),
        # Another key, another role, or another bucket, in development.
        (complete(Movies=dataset_group(if_prod(KEY, OTHER_KEY))), set(IN_IAM)),
        (complete(Other=role(), Movies=dataset_group(role=if_prod(ROLE, OTHER_ROLE))), set(ACTIONS)),
        (
            importing(Data=dataset("One", "Read", path=if_prod("s3://ratings/in/", "s3://ratings/other/"))),
            {"s3:GetObject"},
        ),
    ],
)
def test_what_is_asked_as_conditions_choose_it(template: Any, missing: set[str], tmp_path: Path) -> None:
    """Each is judged where it holds."""
    found = check(tmp_path, template)
    assert {each.action for each in found.missing} == missing
    absent = {OTHER_KEY, "${Main.Passed?}"}
    assert {each.resource for each in found.undecided} <= absent  # they aren't in the template


def test_what_is_open_whichever_key_it_is_is_told_once(tmp_path: Path) -> None:
    """The path of a job for a dataset group whose key a condition chooses."""
    chosen = dataset_group(if_prod(KEY, {"Ref": "Passed"}))
    template = importing(Movies=chosen, Data=dataset("One", "Read", path={"Ref": "Stage"})) | PASSED
    found = [each.because for each in check(tmp_path, template).undecided if each.name == "Main/Data"]
    assert found == ["its source ${Main.Stage?} isn't known before deployment"]


@pytest.mark.parametrize("anyway", [False, True])
def test_what_personalize_refuses_under_a_condition_is_a_warning(anyway: bool, tmp_path: Path) -> None:
    """Where it isn't so whatever the condition is, which may never hold."""
    found = check(tmp_path, complete(Movies=dataset_group(NO_VALUE if anyway else if_prod(KEY))))
    (problem,) = [each for each in found.problems if each.cause is Cause.ROLE_WITHOUT_KEY]
    assert problem.is_warning is not anyway


@pytest.mark.parametrize("form", ["text", "object"])
def test_a_key_that_a_condition_chooses_in_a_state_machine(form: str, tmp_path: Path) -> None:
    """In the text of its definition too, each key is judged."""
    arguments = {"Name": "music", "KmsKeyArn": "${KeyArn}", "RoleArn": "${RoleArn}"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:personalize:createDatasetGroup", "End": True}
    definition = {"StartAt": "Make", "States": {"Make": {**task, "Parameters": arguments}}}
    named = {"KeyArn": if_prod(MINE, KEY), "RoleArn": ROLE}
    given: Any = {"DefinitionString": {"Fn::Sub": [json.dumps(definition), named]}}
    if form == "object":
        chosen = if_prod(*({**arguments, "KmsKeyArn": each, "RoleArn": ROLE} for each in (MINE, KEY)))
        given = {"Definition": {**definition, "States": {"Make": {**task, "Parameters": chosen}}}}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": given}
    found = check(tmp_path, complete(Mine=key(KeyPolicy=OF_NOBODY), Machine=machine))
    lacking = {each.resource.rpartition("/")[2] for each in found.missing if each.policy == "key"}
    assert lacking == {"${Main.Mine}"}
    assert not any("Fn::If" in each.resource for each in (*found.missing, *found.undecided))
