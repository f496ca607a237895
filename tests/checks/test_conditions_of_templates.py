"""Conditions of templates: what is said of an app with them, with the values of its parameters and without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs.checks import check_assembly
from tests.checks.templates import (
    ACTIONS,
    IN_IAM,
    KEY,
    NO_VALUE,
    ROLE,
    bucket,
    bucket_policy,
    complete,
    dataset,
    dataset_group,
    importing,
    key,
    managed,
    policy,
    role,
    write,
)

Statement = dict[str, Any]

PROD, DEV = {"Stage": "prod"}, {"Stage": "dev"}
ADMIN = "arn:aws:iam::111122223333:role/Admin"
OF_ROLE, OF_SERVICE = key()["Properties"]["KeyPolicy"]["Statement"]
ON_KEY: list[Statement] = [OF_ROLE, OF_SERVICE]
OF_ADMIN: Statement = {"Effect": "Allow", "Principal": {"AWS": ADMIN}, "Action": "kms:*", "Resource": "*"}
DENY: Statement = {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}
ALLOW: Statement = {"Effect": "Allow", "Action": IN_IAM, "Resource": KEY}
ON_ANY: Statement = {**ALLOW, "Resource": "*"}
INLINE: Any = {"PolicyName": "kms", "PolicyDocument": {"Statement": [ON_ANY]}}
OTHER_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"
IS_OPEN = "it depends on the condition Main.IsProd"
IN_PROD = {"Condition": "IsProd"}
READS = {"s3:GetObject", "s3:ListBucket"}
NONE: set[str] = set()


def if_prod(then: Any, otherwise: Any = NO_VALUE) -> Any:
    """One of two values, by a condition on the stage."""
    return {"Fn::If": ["IsProd", then, otherwise]}


def with_key(*statements: Any) -> Any:
    """A template with these statements in the key's policy."""
    return complete(Key=key(KeyPolicy={"Version": "2012-10-17", "Statement": [*statements]}))


def with_role(**properties: Any) -> Any:
    """A template whose role has its policies itself."""
    template = complete(Role=role(**properties), Movies=dataset_group(waits=[]))
    del template["Resources"]["Policy"]
    return template


def flagged() -> Any:
    """A template with one flag around all."""
    template = importing()
    for resource in template["Resources"].values():
        resource["Condition"] = "IsProd"
    return template


def by_stage() -> Any:
    """A template in which the name of a bucket, and what is allowed on it, depend on the stage."""
    name = {"Fn::FindInMap": ["Names", {"Ref": "Stage"}, "Bucket"]}
    one = {"Fn::Sub": ["arn:aws:s3:::${Name}", {"Name": name}]}
    objects = {"Fn::Sub": ["arn:aws:s3:::${Name}/in/*", {"Name": name}]}
    path = {"Fn::Sub": ["s3://${Name}/in/", {"Name": name}]}
    allowed = bucket_policy("s3:GetObject", "s3:ListBucket", bucket={"Ref": "Bucket"})
    allowed["Properties"]["PolicyDocument"]["Statement"][0]["Resource"] = [one, objects]
    template = importing(
        Bucket={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}},
        One=allowed,
        Read=managed(
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": one},
        ),
        Data=dataset("One", "Read", path=path),
    )
    return template | {"Mappings": {"Names": {each: {"Bucket": f"ratings-{each}"} for each in ("prod", "dev")}}}


def own_or_given() -> Any:
    """A template with a key of its own, or one that is passed."""
    used = {"Fn::If": ["HasKey", {"Ref": "KeyArn"}, KEY]}
    template = complete(Movies=dataset_group(used), Policy=policy(used))
    template["Resources"]["Key"]["Condition"] = "HasNone"
    template["Parameters"] = {"KeyArn": {"Type": "String", "Default": ""}, "Stage": {"Type": "String"}}
    template["Conditions"] |= {
        "HasNone": {"Fn::Equals": [{"Ref": "KeyArn"}, ""]},
        "HasKey": {"Fn::Not": [{"Condition": "HasNone"}]},
    }
    return template


def report(directory: Path, template: Any, parameters: Any = None, **more: Any) -> AccessReport:
    """Check the stack ``Main``."""
    return check_assembly(write(directory, {"Main": template}, **more), parameters=parameters)


def actions(entries: Any) -> set[str]:
    """Return the actions of entries; what is open, by its name."""
    return {each.action or each.name for each in entries}


@pytest.mark.parametrize(
    ("template", "open_for", "in_prod", "in_dev"),
    [
        # One flag around all.
        (flagged(), {*IN_IAM, *READS}, NONE, None),
        # An optional key, and an optional job.
        (complete(Movies=dataset_group(if_prod(KEY), if_prod(ROLE))), {"Main/Movies"}, NONE, None),
        (importing(Movies=dataset_group(if_prod(KEY), if_prod(ROLE))), {"Main/Movies", "Main/Data"}, NONE, NONE),
        (importing(Data=dataset("One", "Read", DatasetImportJob=if_prod({}))), {"Main/Data"}, NONE, NONE),
        # Another key in development, which isn't part of the app.
        (complete(Movies=dataset_group(if_prod(KEY, OTHER_KEY))), {*ACTIONS}, NONE, {*ACTIONS}),
        # Names by stage.
        (by_stage(), NONE, NONE, NONE),
        (importing(Data=dataset("One", "Read", path=if_prod("s3://ratings/in/", "s3://ratings/b/"))), None, NONE, None),
        # The bucket policy alone, or its bucket.
        (importing(One=bucket_policy("s3:GetObject", "s3:ListBucket", **IN_PROD)), READS, NONE, READS),
        (importing(One=bucket_policy(*READS, bucket=if_prod("ratings", "other"))), READS, NONE, READS),
        # A part of a statement.
        (with_key(OF_ROLE, {**OF_SERVICE, "Condition": if_prod(OF_SERVICE["Condition"])}), {*ACTIONS}, NONE, NONE),
        (
            with_key(OF_ROLE, {**OF_SERVICE, "Condition": {"Bool": if_prod({"aws:SecureTransport": "false"}, {})}}),
            {*ACTIONS},
            {*ACTIONS},
            NONE,
        ),
        (with_key(OF_ROLE, {**OF_SERVICE, "Action": [*ACTIONS, if_prod("kms:Encrypt")]}), NONE, NONE, NONE),
        (
            with_key(OF_ROLE, {**OF_SERVICE, "Action": [*ACTIONS[1:], if_prod(ACTIONS[0])]}),
            {ACTIONS[0]},
            NONE,
            {ACTIONS[0]},
        ),
        (with_key({**OF_ROLE, "Principal": {"AWS": [ROLE, if_prod(ADMIN)]}}, OF_SERVICE), NONE, NONE, NONE),
        (with_key({**OF_ROLE, "Principal": {"AWS": if_prod(ADMIN, ROLE)}}, OF_SERVICE), {*ACTIONS}, {*ACTIONS}, NONE),
        (with_key(OF_ROLE, {**OF_SERVICE, "Effect": if_prod("Allow", "Deny")}), {*ACTIONS}, NONE, {*ACTIONS}),
        (complete(Policy=managed({**ALLOW, "Resource": if_prod(KEY, OTHER_KEY)})), {*IN_IAM}, NONE, {*IN_IAM}),
        # A statement; both branches are right.
        (with_key(if_prod(OF_ROLE), OF_SERVICE), {*ACTIONS}, NONE, {*ACTIONS}),
        (with_key(if_prod(OF_ROLE, {**OF_ROLE, "Sid": "Dev", "Action": "kms:*"}), OF_SERVICE), {*ACTIONS}, NONE, NONE),
        (complete(Policy=managed(if_prod(ALLOW, {**ALLOW, "Resource": "*"}))), {*IN_IAM}, NONE, NONE),
        # Statements for others.
        (with_key(*ON_KEY, if_prod(OF_ADMIN)), NONE, NONE, NONE),
        (with_key(*ON_KEY, if_prod(NO_VALUE, {**DENY, "Principal": {"AWS": ADMIN}})), NONE, NONE, NONE),
        # A denial under a flag.
        (with_key(*ON_KEY, if_prod(DENY)), {*ACTIONS}, {*ACTIONS}, NONE),
        (complete(Deny=managed({**ALLOW, "Effect": "Deny"}, Roles=["x"]) | IN_PROD), NONE, NONE, NONE),
        (
            complete(
                Deny=managed({**ALLOW, "Effect": "Deny"}) | IN_PROD, Movies=dataset_group(waits=["Policy", "Deny"])
            ),
            {*IN_IAM},
            {*IN_IAM},
            NONE,
        ),
        # Lists of statements, and whole documents.
        (complete(Policy=managed(PolicyDocument={"Statement": if_prod([ALLOW], [])})), {*IN_IAM}, NONE, {*IN_IAM}),
        (complete(Policy=managed(PolicyDocument=if_prod({"Statement": ALLOW}, {}))), {*IN_IAM}, NONE, {*IN_IAM}),
        (complete(Key=key(KeyPolicy=if_prod({"Statement": ON_KEY}))), {*ACTIONS}, NONE, {*ACTIONS}),
        # Policies in the role.
        (with_role(Policies=[if_prod(INLINE)]), {*IN_IAM}, NONE, {*IN_IAM}),
        (with_role(Policies=[INLINE, if_prod({**INLINE, "PolicyName": "x"})]), NONE, NONE, NONE),
        (with_role(Policies=if_prod([INLINE], [])), {*IN_IAM}, NONE, {*IN_IAM}),
        (
            with_role(Policies=[{**INLINE, "PolicyDocument": if_prod(INLINE["PolicyDocument"], {})}]),
            {*IN_IAM},
            NONE,
            None,
        ),
        # Policies that are attached to it.
        (
            with_role(ManagedPolicyArns=[if_prod("arn:aws:iam::aws:policy/AdministratorAccess")]),
            {*IN_IAM},
            NONE,
            {*IN_IAM},
        ),
        (
            with_role(ManagedPolicyArns=[if_prod("arn:aws:iam::111122223333:policy/A")]),
            {*ACTIONS},
            {*ACTIONS},
            {*IN_IAM},
        ),
        (
            complete(
                Role=role(ManagedPolicyArns=[if_prod({"Ref": "Policy"}), {"Ref": "Policy"}]),
                Policy=managed(ON_ANY, Roles=[]),
            ),
            NONE,
            NONE,
            NONE,
        ),
        (
            complete(Role=role(ManagedPolicyArns=[if_prod({"Ref": "Policy"})]), Policy=managed(ON_ANY, Roles=[])),
            {*IN_IAM},
            NONE,
            {*IN_IAM},
        ),
        (complete(Policy=managed(ALLOW, Roles=[if_prod({"Ref": "Role"})])), {*IN_IAM}, NONE, {*IN_IAM}),
        # A boundary in production alone.
        (complete(Role=role(PermissionsBoundary=if_prod({"Ref": "Limit"})), Limit=managed(Roles=[])), None, None, NONE),
        # The bucket's encryption.
        (
            importing(Bucket={**bucket(), "Properties": {"BucketName": "ratings", "BucketEncryption": NO_VALUE}}),
            NONE,
            NONE,
            NONE,
        ),
    ],
)
def test_a_pattern(
    template: Any, open_for: set[str] | None, in_prod: set[str] | None, in_dev: set[str] | None, tmp_path: Path
) -> None:
    """Without values all that depends on the condition is open, and nothing else; with values nothing is."""
    without = report(tmp_path, template)
    assert (without.missing, without.problems) == ((), ())
    assert open_for is None or actions(without.undecided) == open_for
    for values, lacking in ((PROD, in_prod), (DEV, in_dev)):
        found = report(tmp_path, template, values)
        assert lacking is None or actions((*found.missing, *found.undecided)) == lacking, values
        assert found.undecided == () or lacking
        assert found.assumed == {}
