"""Conditions of templates: reports on an app with values of its parameters and without."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import check_assembly
from personalize_kms_check._model.causes import Cause
from personalize_kms_check._model.report import AccessReport
from tests.checks.templates import (
    ACTIONS,
    CLEAN,
    IN_IAM,
    KEY,
    NO_VALUE,
    ROLE,
    bucket,
    bucket_policy,
    complete,
    dataset,
    dataset_group,
    findings,
    if_prod,
    importing,
    key,
    managed,
    nested_stack,
    policy,
    reasons,
    role,
    write,
)

Statement = dict[str, Any]

PROD, DEV = {"Stage": "prod"}, {"Stage": "dev"}
ADMIN = "arn:aws:iam::111122223333:role/Admin"
OF_ROLE, OF_SERVICE = key()["Properties"]["KeyPolicy"]["Statement"]
ON_KEY: list[Statement] = [OF_ROLE, OF_SERVICE]
OF_ADMIN: Statement = {
    "Effect": "Allow",
    "Principal": {"AWS": ADMIN},
    "Action": "kms:*",
    "Resource": "*",
}
DENY: Statement = {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}
ALLOW: Statement = {"Effect": "Allow", "Action": IN_IAM, "Resource": KEY}
ON_ANY: Statement = {**ALLOW, "Resource": "*"}
WITHOUT_TLS = {"aws:SecureTransport": "false"}
INLINE: Any = {"PolicyName": "kms", "PolicyDocument": {"Statement": [ON_ANY]}}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
OTHER_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"
IS_OPEN = "it depends on the condition Main.IsProd"
WHAT_IS_ASKED = "what it asks for depends on the condition Main.IsProd"
SOURCE = {"DataLocation": "s3://ratings/in/"}
JOB = {"JobName": "load", "RoleArn": ROLE, "DataSource": SOURCE}
IN_PROD = {"Condition": "IsProd"}
READS = {"s3:GetObject", "s3:ListBucket"}
NONE: set[str] = set()


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
    """A template in which a bucket's name, and the statements on it, depend on the stage."""
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
    return template | {
        "Mappings": {"Names": {stage: {"Bucket": f"ratings-{stage}"} for stage in ("prod", "dev")}}
    }


def own_or_given() -> Any:
    """A template with a key of its own, or a key that is passed."""
    used = {"Fn::If": ["HasKey", {"Ref": "KeyArn"}, KEY]}
    template = complete(Movies=dataset_group(used), Policy=policy(used))
    template["Resources"]["Key"]["Condition"] = "HasNone"
    template["Parameters"] = {
        "KeyArn": {"Type": "String", "Default": ""},
        "Stage": {"Type": "String"},
    }
    template["Conditions"] = {
        "HasNone": {"Fn::Equals": [{"Ref": "KeyArn"}, ""]},
        "HasKey": {"Fn::Not": [{"Condition": "HasNone"}]},
    }
    return template


def report(directory: Path, template: Any, parameters: Any = None, **more: Any) -> AccessReport:
    """Check the stack ``Main``."""
    return check_assembly(write(directory, {"Main": template}, **more), parameters=parameters)


def actions(entries: Any) -> set[str]:
    """Return the actions of entries; an open request has its name."""
    return {entry.action or entry.name for entry in entries}


@pytest.mark.parametrize(
    ("template", "open_for", "in_prod", "in_dev"),
    [
        # What is there in production alone lacks in development: a policy, a part of a statement, a
        # statement, a list of statements, a document, and a policy by the role or of the role.
        (importing(One=bucket_policy(*READS, **IN_PROD)), READS, NONE, READS),
        (
            with_key(OF_ROLE, {**OF_SERVICE, "Action": [*ACTIONS[1:], if_prod(ACTIONS[0])]}),
            {ACTIONS[0]},
            NONE,
            {ACTIONS[0]},
        ),
        (with_key(if_prod(OF_ROLE), OF_SERVICE), {*ACTIONS}, NONE, {*ACTIONS}),
        (
            complete(Policy=managed(PolicyDocument={"Statement": if_prod([ALLOW], [])})),
            {*IN_IAM},
            NONE,
            {*IN_IAM},
        ),
        (complete(Key=key(KeyPolicy=if_prod({"Statement": ON_KEY}))), {*ACTIONS}, NONE, {*ACTIONS}),
        (with_role(Policies=[if_prod(INLINE)]), {*IN_IAM}, NONE, {*IN_IAM}),
        (with_role(ManagedPolicyArns=[if_prod(ADMINISTRATOR)]), {*IN_IAM}, NONE, {*IN_IAM}),
        (
            complete(Policy=managed(ALLOW, Roles=[if_prod({"Ref": "Role"})])),
            {*IN_IAM},
            NONE,
            {*IN_IAM},
        ),
        # What production alone shuts out: by a condition that never holds, or a denial.
        (
            with_key(OF_ROLE, {**OF_SERVICE, "Condition": {"Bool": if_prod(WITHOUT_TLS, {})}}),
            {*ACTIONS},
            {*ACTIONS},
            NONE,
        ),
        (with_key(*ON_KEY, if_prod(DENY)), {*ACTIONS}, {*ACTIONS}, NONE),
        # What is right in both stages: an optional key, names by stage, a statement with two forms
        # that are right, and a statement for others.
        (
            importing(Movies=dataset_group(if_prod(KEY), if_prod(ROLE))),
            {"Main/Movies", "Main/Data"},
            NONE,
            NONE,
        ),
        (by_stage(), NONE, NONE, NONE),
        (
            with_key(if_prod(OF_ROLE, {**OF_ROLE, "Sid": "Dev", "Action": "kms:*"}), OF_SERVICE),
            {*ACTIONS},
            NONE,
            NONE,
        ),
        (with_key(*ON_KEY, if_prod(OF_ADMIN)), NONE, NONE, NONE),
        # One flag around all.
        (flagged(), {*IN_IAM, *READS}, NONE, None),
        # Another key in development, which isn't part of the app.
        (complete(Movies=dataset_group(if_prod(KEY, OTHER_KEY))), {*ACTIONS}, NONE, {*ACTIONS}),
        # A boundary in production alone.
        (
            complete(
                Role=role(PermissionsBoundary=if_prod({"Ref": "Limit"})), Limit=managed(Roles=[])
            ),
            None,
            None,
            NONE,
        ),
    ],
)
def test_what_a_condition_chooses(
    template: Any,
    open_for: set[str] | None,
    in_prod: set[str] | None,
    in_dev: set[str] | None,
    tmp_path: Path,
) -> None:
    """Only answers that depend on the condition are open without values, and none with them."""
    without = report(tmp_path, template)
    assert (without.missing, without.problems) == ((), ())
    assert open_for is None or actions(without.undecided) == open_for
    for values, lacking in ((PROD, in_prod), (DEV, in_dev)):
        decided = report(tmp_path, template, values)
        assert lacking is None or actions((*decided.missing, *decided.undecided)) == lacking, values
        assert decided.undecided == () or lacking
        assert decided.assumed == {}


@pytest.mark.parametrize(
    ("template", "because"),
    [
        (
            with_key(*ON_KEY, if_prod(DENY)),
            f"may be denied: statement 3 of key policy of Main/Key: {IS_OPEN}",
        ),
        (
            with_key(if_prod({**OF_ADMIN, "Sid": "Us"}, {**OF_ROLE, "Sid": "Us"}), OF_SERVICE),
            f"statement Us of key policy of Main/Key: {IS_OPEN}",
        ),
        (
            with_key(
                if_prod(if_prod(OF_ADMIN, {"Fn::If": ["IsDev", OF_ROLE, NO_VALUE]})), OF_SERVICE
            ),
            f"statement 1 of key policy of Main/Key: {IS_OPEN} and Main.IsDev",
        ),
        (
            with_key(OF_ROLE, {**OF_SERVICE, "Condition": if_prod({})}),
            "statement 2 of key policy of Main/Key: Condition (Fn::If IsProd by "
            "Main.Stage) isn't known before deployment",
        ),
        (
            with_role(Policies=[if_prod(INLINE)]),
            f"statement 1 of inline policy kms of Main/Role: {IS_OPEN}",
        ),
        (complete(Movies=dataset_group(if_prod(KEY))), WHAT_IS_ASKED),
        (
            complete(Data=dataset(DatasetImportJob={**JOB, "DataSource": if_prod(SOURCE)})),
            WHAT_IS_ASKED,
        ),
    ],
)
def test_a_reason_names_statement_and_condition(
    template: Any, because: str, tmp_path: Path
) -> None:
    """A statement has the number, the sid and the policy that it has in the template."""
    assert because in reasons(report(tmp_path, template))


def test_a_wide_policy_under_a_flag_is_too_much_where_it_is_there(tmp_path: Path) -> None:
    """Without a value it is told as if it were."""
    wide = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    template = complete(More=managed(wide) | IN_PROD)
    for values, too_much in ((None, {"kms:*"}), (PROD, {"kms:*"}), (DEV, NONE)):
        decided = report(tmp_path, template, values)
        assert (actions(decided.excess), findings(decided)) == (too_much, CLEAN)


@pytest.mark.parametrize(
    ("encryption", "in_prod"),
    [
        (
            if_prod(
                bucket(SSEAlgorithm="aws:kms", KMSMasterKeyID=KEY)["Properties"]["BucketEncryption"]
            ),
            NONE,
        ),
        (
            bucket(SSEAlgorithm="aws:kms", KMSMasterKeyID=if_prod("alias/aws/s3", KEY))[
                "Properties"
            ]["BucketEncryption"],
            {"key-of-aws"},
        ),
    ],
)
def test_the_key_of_a_bucket(encryption: Any, in_prod: set[str], tmp_path: Path) -> None:
    """A key that a condition chooses can't be seen."""
    template = importing(
        Bucket={**bucket(), "Properties": {"BucketName": "ratings", "BucketEncryption": encryption}}
    )
    (entry,) = report(tmp_path, template).undecided
    assert (entry.cause, IS_OPEN in entry.because) == (Cause.ENCRYPTION_UNSEEN, True)
    assert {problem.cause.id for problem in report(tmp_path, template, PROD).problems} == in_prod
    assert findings(report(tmp_path, template, DEV)) == CLEAN


def test_a_key_may_have_the_policy_of_kms(tmp_path: Path) -> None:
    """Where its own is left out, IAM decides for the role, and nothing allows Personalize."""
    template = complete(
        Key=key(KeyPolicy=if_prod({"Statement": [OF_ADMIN]})), Policy=policy(actions=ACTIONS)
    )
    assert report(tmp_path, template).missing == ()
    missing = {
        stage: report(tmp_path, template, {"Stage": stage}).missing for stage in ("prod", "dev")
    }
    assert {entry.principal for entry in missing["prod"]} == {"role", "service"}
    assert {entry.principal for entry in missing["dev"]} == {"service"}


def test_two_of_one_name_of_which_a_condition_chooses_one(tmp_path: Path) -> None:
    """If only the second is retained, for example, the first doesn't stand for both."""
    in_dev = {"Condition": "IsDev"}
    encrypted = bucket(SSEAlgorithm="aws:kms", KMSMasterKeyID="alias/aws/s3")
    buckets = importing(Bucket=bucket() | IN_PROD, Other=encrypted | in_dev)
    assert report(tmp_path / "1", buckets).undecided
    none = managed(Roles=[], ManagedPolicyName="use")
    use = managed(ON_ANY, Roles=[], ManagedPolicyName="use")
    of_role = role(ManagedPolicyArns=["arn:aws:iam::111122223333:policy/use"])
    policies = complete(Policy=none | IN_PROD, More=use | in_dev, Role=of_role)
    without = report(tmp_path / "2", policies)
    assert without.missing == ()
    assert without.undecided
    assert actions(report(tmp_path / "2", policies, PROD).missing) == {*IN_IAM}


def test_a_statement_has_its_number_in_the_template_whatever_is_left_out(tmp_path: Path) -> None:
    """A list would else replace another statement, an administrator's for example."""
    lacking = {**OF_SERVICE, "Action": ["kms:Decrypt"]}
    template = with_key(if_prod(OF_ADMIN), OF_ADMIN, OF_ROLE, lacking)
    for parameters in (PROD, DEV):
        (of_key,) = report(tmp_path, template, parameters).policies
        assert of_key.replaces == ("3", "4")


def test_others_of_a_statement_under_a_condition_are_told(tmp_path: Path) -> None:
    """A list is under no condition, and has nothing for them."""
    shared = {**OF_ROLE, "Principal": {"AWS": [ROLE, ADMIN]}, "Action": "kms:*"}
    (of_key,) = report(tmp_path, with_key(if_prod(shared), OF_ROLE, OF_SERVICE)).policies
    assert (of_key.also_for, len(of_key.should_have)) == ((ADMIN,), 2)


STAGE = {"Ref": "Stage"}
IS_PROD = {"Fn::Equals": [STAGE, "prod"]}


def with_parameter(declared: Any, condition: Any = IS_PROD) -> Any:
    """A template whose role has its policy under a condition on a parameter."""
    template = complete(Policy=policy() | IN_PROD)
    return template | {"Parameters": {"Stage": declared}, "Conditions": {"IsProd": condition}}


@pytest.mark.parametrize(
    ("declared", "condition", "holds"),
    [
        ({"Type": "String", "Default": "prod"}, IS_PROD, True),
        ({"Type": "String", "Default": "dev"}, IS_PROD, False),
        ({"Type": "String"}, IS_PROD, None),
        ({"Type": "Number", "Default": 3}, {"Fn::Equals": [STAGE, "3"]}, True),
        ({"Type": "String", "Default": True}, {"Fn::Equals": [STAGE, "true"]}, True),
        (
            {"Type": "CommaDelimitedList", "Default": "a, prod"},
            {"Fn::Equals": [{"Fn::Select": [1, STAGE]}, "prod"]},
            True,
        ),
        # It is the name of another parameter, and what that says isn't known.
        ({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "prod"}, IS_PROD, None),
        ({"Type": "String", "Default": "prod"}, {"Fn::Or": [IS_PROD, {"Ref": "X"}]}, True),
        ({"Type": "String", "Default": "prod"}, {"Fn::And": [IS_PROD, {"Ref": "X"}]}, None),
    ],
)
def test_a_default_decides_a_condition(
    declared: Any, condition: Any, holds: bool | None, tmp_path: Path
) -> None:
    """A default is the string that CloudFormation compares; the report lists it if it decided."""
    result = report(tmp_path, with_parameter(declared, condition))
    assert (actions(result.missing), actions(result.undecided)) == (
        NONE if holds is not False else {*IN_IAM},
        NONE if holds is not None else {*IN_IAM},
    )
    assert [*result.assumed] == ([] if holds is None else ["Main.Stage"])


def test_a_value_takes_the_place_of_a_default(tmp_path: Path) -> None:
    """Lists, too; a name of Systems Manager's parameter stays a name."""
    template = with_parameter({"Type": "String", "Default": "dev"})
    for name in ("Stage", "*:Stage", "Main:Stage"):
        result = report(tmp_path, template, {name: "prod"})
        assert (findings(result), result.assumed) == (CLEAN, {})
    template["Parameters"]["Stage"]["Type"] = "AWS::SSM::Parameter::Value<String>"
    assert actions(report(tmp_path, template, PROD).undecided) == {*IN_IAM}
    template["Parameters"]["Stage"]["Type"] = "CommaDelimitedList"
    template["Conditions"]["IsProd"] = {"Fn::Equals": [{"Fn::Select": [1, STAGE]}, "prod"]}
    assert findings(report(tmp_path, template, {"Stage": "dev, prod"})) == CLEAN


def test_a_default_is_no_name(tmp_path: Path) -> None:
    """It is an example as often; a value is a name, of a bucket and in a path."""
    template = importing()
    template["Parameters"] = {"Name": {"Type": "String", "Default": "ratings"}}
    template["Conditions"] = {"IsProd": {"Fn::Equals": [{"Ref": "Name"}, "ratings"]}}
    own = template["Resources"]
    own["Data"]["Properties"]["DatasetImportJob"]["DataSource"]["DataLocation"] = {
        "Fn::Sub": "s3://${Name}/in/"
    }
    own["One"]["Condition"] = "IsProd"
    result = report(tmp_path, template)
    assert (actions(result.undecided) >= READS, result.assumed) == (True, {"Main.Name": "ratings"})
    assert findings(report(tmp_path, template, {"Name": "ratings"})) == CLEAN


def test_each_stack_has_its_own_value(tmp_path: Path) -> None:
    """By its name; the nearest counts."""
    template = complete(Policy=policy() | IN_PROD)
    directory = write(tmp_path, {"Main": template, "Other": template})
    report = check_assembly(
        directory, parameters={"Stage": "dev", "Other:Stage": "prod", "*:Stage": "test"}
    )
    assert {tuple(entry.needed_by) for entry in report.missing} == {
        ("Main/Movies (dataset group)",)
    }
    template["Parameters"] = {"Stage": {"Type": "String", "Default": "prod"}}
    report_of_two = check_assembly(write(tmp_path, {"Main": template, "Other": template}))
    assert report_of_two.assumed == {"Main.Stage": "prod", "Other.Stage": "prod"}


def nested(passed: Any, declared: Any, condition: Any, **more: Any) -> tuple[Any, Any]:
    """A template, and that of a nested stack, in which a policy of the role has a condition."""
    inner = {
        "Parameters": {"Role": {"Type": "String"}, "Key": {"Type": "String"}, "Size": declared},
        "Conditions": {"IsBig": condition},
        "Resources": {"Policy": policy({"Ref": "Key"}, {"Ref": "Role"}) | {"Condition": "IsBig"}},
    }
    given = {"Role": {"Ref": "Role"}, "Key": KEY, **passed}
    stack = nested_stack("nested.json", given, **more)
    template = complete(Nested=stack, Movies=dataset_group(waits="Nested"))
    del template["Resources"]["Policy"]
    template["Parameters"] = {"Stage": {"Type": "String", "Default": "prod"}}
    return template, inner


IS_BIG = {"Fn::Equals": [{"Ref": "Size"}, "big"]}
BIG_IN_PROD = if_prod("big", "small")


@pytest.mark.parametrize(
    ("passed", "declared", "values", "holds"),
    [
        ({"Size": "big"}, {}, None, True),
        ({}, {"Default": "big"}, None, True),
        # The default of the parent's parameter counts for conditions of the nested stack, too.
        ({"Size": {"Ref": "Stage"}}, {"Default": "big"}, None, False),
        ({"Size": BIG_IN_PROD}, {}, None, True),
        ({"Size": {"Fn::ImportValue": "Size"}}, {"Default": "big"}, None, None),
    ],
)
def test_a_condition_of_a_nested_stack(
    passed: Any, declared: Any, values: Any, holds: bool | None, tmp_path: Path
) -> None:
    """It has the parameters that are passed."""
    template, inner = nested(passed, {"Type": "String", **declared}, IS_BIG)
    result = report(tmp_path, template, values, files={"nested.json": inner})
    assert (actions(result.missing), actions(result.undecided)) == (
        NONE if holds is not False else {*IN_IAM},
        NONE if holds is not None else {*IN_IAM},
    )


def test_an_export_under_a_condition(tmp_path: Path) -> None:
    """The output that is made counts, of two with one name."""
    outputs = {
        name: {"Value": value, "Export": {"Name": "Key"}, "Condition": condition}
        for name, value, condition in (("Any", "*", "IsProd"), ("Other", OTHER_KEY, "IsDev"))
    }
    template = complete(Policy=policy({"Fn::ImportValue": "Key"}))
    exporting = {**complete(), "Resources": {}, "Outputs": outputs}
    directory = write(tmp_path, {"Exporting": exporting, "Main": template})
    for stage, missing, is_open in (
        (PROD, NONE, False),
        (DEV, {*IN_IAM}, False),
        (None, NONE, True),
    ):
        result = check_assembly(directory, parameters=stage)
        assert (actions(result.missing), bool(result.undecided)) == (missing, is_open), stage


def test_a_policy_under_a_condition_gets_no_statement(tmp_path: Path) -> None:
    """It isn't there in each deployment, so another policy is made."""
    template = complete(Policy={**policy(actions=["kms:Decrypt"]), **IN_PROD})
    template |= with_parameter({"Type": "String"}) | {"Resources": template["Resources"]}
    (of_role,) = report(tmp_path, template).policies
    assert (of_role.policy, of_role.make) == ("role", "AWS::IAM::Policy")


def test_a_nested_stack_under_a_condition(tmp_path: Path) -> None:
    """Its resources may be there; a value that isn't plain may be any."""
    template, inner = nested({"Size": "big"}, {"Type": "String"}, IS_BIG, Condition="IsProd")
    files = {"nested.json": inner}
    assert findings(report(tmp_path, template, files=files)) == CLEAN
    assert actions(report(tmp_path, template, DEV, files=files).missing) == {*IN_IAM}
    template["Parameters"] = {"Stage": {"Type": "String"}}
    of_two = reasons(report(tmp_path, template, files=files))
    assert of_two == {f"statement 1 of policy Main/Nested/Policy: {IS_OPEN}"}
    stack = template["Resources"]["Nested"]["Properties"]
    stack["Parameters"] = {"Fn::If": ["IsProd", stack["Parameters"], NO_VALUE]}
    inner["Parameters"]["Size"]["Default"] = "big"
    assert report(tmp_path, template, files=files).missing == ()


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"Stag": "prod"}, "parameters has Stag, but no template has a parameter Stag"),
        (
            {"Main:Stag": "prod"},
            "parameters has Main:Stag, but no template of Main has a parameter Stag",
        ),
        (
            {"AWS::AccountId": "111122223333"},
            "parameters has AWS::AccountId, which the env of a stack sets: set it there",
        ),
        ({"Mian:Stage": "prod"}, "parameters has Mian:Stage, but the stacks are Main, Other"),
        (
            {"Other:Stage": "prod"},
            "parameters has Other:Stage, but no template of Other has a parameter Stage",
        ),
        ({"Stage": 1}, "parameters['Stage'] is 1, expected a string"),
        (["Stage=prod"], "parameters is ['Stage=prod'], expected a mapping of names to strings"),
    ],
)
def test_values_that_no_parameter_takes(parameters: Any, says: str, tmp_path: Path) -> None:
    """With whatever else is wrong, in one message."""
    directory = write(tmp_path, {"Main": complete(), "Other": {"Resources": {}}})
    with pytest.raises(ValueError, match="organization is 'ours'") as error:
        check_assembly(directory, parameters=parameters, organization="ours")
    assert says in str(error.value)


def test_a_value_that_its_parameter_does_not_allow_is_refused(tmp_path: Path) -> None:
    """A misspelt stage would be checked as a stage that nobody deploys."""
    template = with_parameter({"Type": "String", "AllowedValues": ["dev", "prod"]})
    with pytest.raises(
        ValueError, match="parameters\\['Stage'\\] is 'prd', expected one of dev, prod"
    ):
        report(tmp_path, template, {"Stage": "prd"})
    assert report(tmp_path, template, {"Stage": "prod"}).passed


def test_a_value_is_text(tmp_path: Path) -> None:
    """Nothing in it is a function, but for a dynamic reference."""
    template = importing(Data=dataset("One", "Read", path=STAGE))
    assert findings(report(tmp_path, template, {"Stage": "s3://ratings/in/"})) == CLEAN
    odd = report(tmp_path, template, {"Stage": "s3://${Bucket}/in/"})
    assert "arn:aws:s3:::${Bucket}" in {entry.resource for entry in odd.missing} | {
        entry.policy_of.replace("\ufdd0", "") for entry in (*odd.missing, *odd.undecided)
    }
    open_path = report(tmp_path, template, {"Stage": "{{resolve:ssm:/path}}"})
    assert actions(open_path.undecided) == {"Main/Data"}


def test_the_defaults_are_told_first(tmp_path: Path) -> None:
    """In text and in Markdown, where there are any."""
    template = with_parameter({"Type": "String", "Default": "prod"})
    result = report(tmp_path, template)
    says = (
        "conditions use the defaults of parameters: Main.Stage=prod; pass other values with "
        "--parameters"
    )
    checked = "checked: dataset group Main/Movies"
    assert result.to_text().startswith(f"{checked}\n{says}\n\n0 missing")
    markdown = f"# Amazon Personalize's access\n\n{checked}.\n\n{says}.\n\n0 missing"
    assert result.to_markdown().startswith(markdown)
    assert json.loads(result.to_json())["assumed"] == {"Main.Stage": "prod"}
    without = report(tmp_path, template, PROD)
    assert json.loads(without.to_json())["assumed"] == {}
    assert says not in without.to_text()
    assert says not in without.to_markdown()
    # Of what asks for nothing, they decide nothing; but they may leave out what asks.
    movies = template["Resources"]["Movies"]
    movies["Condition"] = "IsDev"
    template["Conditions"]["IsDev"] = {"Fn::Not": [{"Condition": "IsProd"}]}
    assert says in report(tmp_path, template).to_text()
    movies["Type"] = "AWS::SNS::Topic"
    assert "conditions use" not in report(tmp_path, template).to_text()


def test_own_key_or_one_that_is_passed(tmp_path: Path) -> None:
    """The default decides; the policy of another account's key can't be seen."""
    assert findings(report(tmp_path, own_or_given())) == CLEAN
    result = report(tmp_path, own_or_given(), {"KeyArn": OTHER_KEY})
    assert (result.missing, {entry.resource for entry in result.undecided}) == ((), {OTHER_KEY})
    template = own_or_given()
    del template["Parameters"]["KeyArn"]["Default"]
    result = report(tmp_path, template)
    assert (result.missing, result.problems) == ((), ())
    assert all("Fn::If HasKey" in entry.because for entry in result.undecided)
