"""Templates as people write them by hand, with the mistakes that they make: one finding each, and no false alarm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs.checks import check_assembly
from tests.checks.templates import ACTIONS, IN_IAM, complete, dataset_group, key, policy, role, write

ROLE_ARN = "arn:aws:iam::111122223333:role/personalize"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
PARAMETER = {"Parameters": {"Stage": {"Type": "String"}}}
MAYBE = {**PARAMETER, "Conditions": {"Maybe": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}}}
ONE_ACCOUNT = {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
OBJECTS, BUCKET = {"Fn::Sub": "${Data.Arn}/import/*"}, {"Fn::GetAtt": ["Data", "Arn"]}


def check(directory: Path, template: dict[str, Any], **more: Any) -> AccessReport:
    return check_assembly(write(directory, {"Main": template}, **more))


def messages(report: AccessReport) -> list[str]:
    """The problems, where nothing else is found."""
    assert (report.missing, report.undecided, report.excess) == ((), (), ()), report.to_text()
    return [each.message for each in report.problems]


def managed_policy(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": document, "Roles": [{"Ref": "Role"}], **more},
    }


def importing(encrypted_with: Any, **more: Any) -> dict[str, Any]:
    """A complete template with an import from a bucket of this encryption."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": encrypted_with}
    rule = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default}]}
    service = {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Condition": ONE_ACCOUNT}
    job = {
        "JobName": "first",
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "DataSource": {"DataLocation": {"Fn::Sub": "s3://${Data}/import/"}},
    }
    return complete(
        Data={"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": rule}},
        DataPolicy={
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Data"},
                "PolicyDocument": {
                    "Statement": [
                        {**service, "Action": "s3:GetObject", "Resource": OBJECTS},
                        {**service, "Action": "s3:ListBucket", "Resource": BUCKET},
                    ]
                },
            },
        },
        Read=managed_policy(
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECTS},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET},
        ),
        Interactions={
            "Type": "AWS::Personalize::Dataset",
            "DependsOn": ["Policy", "DataPolicy", "Read"],
            "Properties": {"DatasetGroupArn": {"Fn::GetAtt": ["Movies", "DatasetGroupArn"]}, "DatasetImportJob": job},
        },
        **more,
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"Ref": "Key"}, "${Main.Key}"),
        ({"Fn::GetAtt": ["Key", "KeyId"]}, "${Main.Key}"),
        ({"Ref": "Alias"}, "alias/movies"),
        (
            {"Fn::Sub": "arn:aws:kms:eu-west-1:${AWS::AccountId}:${Alias}"},
            "arn:aws:kms:eu-west-1:111122223333:alias/movies",
        ),
    ],
)
def test_a_key_that_is_not_named_by_its_arn(given: Any, shown: str, tmp_path: Path) -> None:
    """Its policies are judged all the same, so that nothing else is found."""
    alias = {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/movies", "TargetKeyId": {"Ref": "Key"}}}
    assert messages(check(tmp_path, complete(Movies=dataset_group(given), Alias=alias))) == [
        f"Main/Movies: the dataset group's key is given as {shown}, and Personalize takes the ARN of a key alone: give "
        "the key's ARN"
    ]


@pytest.mark.parametrize("given", ["alias/theirs", "arn:aws:kms:eu-west-1:111122223333:alias/theirs"])
def test_an_alias_of_a_dataset_group_that_is_not_part_of_the_app(given: str, tmp_path: Path) -> None:
    """One problem, and no statement to add for a key that isn't known."""
    report = check(tmp_path, complete(Movies=dataset_group(given)))
    (problem,) = report.problems
    assert (
        f"the dataset group's key is given as {given}, and Personalize takes the ARN of a key alone" in problem.message
    )
    assert report.missing == ()
    assert {each.resource for each in report.undecided} == {"${key of alias/theirs?}"}


@pytest.mark.parametrize("given", [{"Ref": "Role"}, "movies-role"])
def test_a_role_that_is_not_named_by_its_arn(given: Any, tmp_path: Path) -> None:
    """A role has its name as ``Ref``."""
    properties = {"RoleName": given, "Path": "/team/"} if isinstance(given, str) else {}
    template = complete(Role=role(**properties), Movies=dataset_group(role=given))
    shown = given if isinstance(given, str) else "${Main.Role}"
    assert messages(check(tmp_path, template)) == [
        f"Main/Movies: its role is given as {shown}, and Personalize takes the ARN of a role alone: give the role's ARN"
    ]


def test_a_role_of_others_that_is_not_named_by_its_arn(tmp_path: Path) -> None:
    """It is taken for one of this account that exists already."""
    report = check(tmp_path, complete(Movies=dataset_group(role="theirs")))
    (problem,) = report.problems
    assert problem.message.startswith(
        "Main/Movies: its role is given as theirs, and Personalize takes the ARN of a role"
    )
    assert {each.principal_arn for each in report.undecided if each.principal == "role"} == {
        "arn:aws:iam::111122223333:role/theirs"
    }


def test_the_key_of_an_output_that_is_not_named_by_its_arn(tmp_path: Path) -> None:
    """A metric attribution's, a batch job's."""
    output = {
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "S3DataDestination": {"Path": "s3://metrics/", "KmsKeyArn": {"Ref": "Key"}},
    }
    properties = {"DatasetGroupArn": {"Fn::GetAtt": ["Movies", "DatasetGroupArn"]}, "MetricsOutputConfig": output}
    template = complete(Clicks={"Type": "AWS::Personalize::MetricAttribution", "Properties": properties})
    assert [
        each.message.partition(":")[2] for each in check(tmp_path, template).problems if each.kind != "ordering"
    ] == [
        " the key of its destination is given as ${Main.Key}, and Personalize takes the ARN of a key alone: give the "
        "key's ARN"
    ]


@pytest.mark.parametrize(
    "encrypted_with",
    [
        {"Fn::GetAtt": ["Key", "Arn"]},
        {"Ref": "Key"},
        {"Ref": "Alias"},
        "alias/data",
        {"Fn::Sub": "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:${Alias}"},
        "arn:aws:kms:eu-west-1:111122223333:alias/data",
    ],
)
def test_a_bucket_may_name_its_key_by_an_alias(encrypted_with: Any, tmp_path: Path) -> None:
    """S3 takes what Personalize doesn't."""
    alias = {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/data", "TargetKeyId": {"Ref": "Key"}}}
    assert messages(check(tmp_path, importing(encrypted_with, Alias=alias))) == []


@pytest.mark.parametrize("encrypted_with", ["alias/theirs", "arn:aws:kms:eu-west-1:111122223333:alias/theirs"])
def test_an_alias_of_a_bucket_that_is_not_part_of_the_app_is_undecided(encrypted_with: str, tmp_path: Path) -> None:
    """It stands for a key that can't be seen."""
    report = check(tmp_path, importing(encrypted_with))
    assert (report.missing, report.problems) == ((), ())
    assert [each.because for each in report.undecided] == [
        "a key that encrypts the bucket needs permissions too, and it can't be seen whether there is one: it is "
        "encrypted with arn:aws:kms:eu-west-1:111122223333:alias/theirs, an alias that isn't part of the app"
    ]


def test_a_spec_of_a_key_that_is_not_known_is_undecided(tmp_path: Path) -> None:
    """A parameter may be a symmetric key or none."""
    report = check(tmp_path, {**PARAMETER, **complete(Key=key(KeySpec={"Ref": "Stage"}))})
    assert report.problems == ()
    assert [(each.needed_by, each.because) for each in report.undecided] == [
        (
            ["Main/Key"],
            "its KeySpec or KeyUsage isn't known, and Personalize needs a symmetric encryption key",
        )
    ]


def test_an_import_job_that_depends_on_a_condition_is_undecided(tmp_path: Path) -> None:
    """It isn't taken for no job."""
    template = importing({"Ref": "Key"})
    properties = template["Resources"]["Interactions"]["Properties"]
    properties["DatasetImportJob"] = {"Fn::If": ["Maybe", properties["DatasetImportJob"], {"Ref": "AWS::NoValue"}]}
    report = check(tmp_path, {**MAYBE, **template})
    assert report.asked == ("Main/Interactions (dataset import job)", "Main/Movies (dataset group)")
    assert (report.missing, report.problems) == ((), ())
    assert any("Main/Interactions" in " ".join(each.needed_by) for each in report.undecided)


@pytest.mark.parametrize(
    ("arn", "because"),
    [
        (
            "arn:aws:iam::111122223333:policy/Baseline",
            "may be denied: managed policy arn:aws:iam::111122223333:policy/Baseline isn't part of the app",
        ),
        ("arn:aws:iam::aws:policy/AWSDenyAll", "may be denied: managed policy arn:aws:iam::aws:policy/AWSDenyAll"),
        ({"Ref": "Stage"}, "may be denied: managed policy ${Main.Stage?} isn't part of the app"),
    ],
)
def test_a_managed_policy_that_is_not_part_of_the_app_may_deny(arn: Any, because: str, tmp_path: Path) -> None:
    """Whatever the others allow."""
    report = check(tmp_path, {**PARAMETER, **complete(Role=role(ManagedPolicyArns=[arn]))})
    assert {(each.principal, each.policy) for each in report.undecided} == {("role", "key"), ("role", "role")}
    assert all(each.because.startswith(because) for each in report.undecided)


def test_managed_policies_of_aws_allow(tmp_path: Path) -> None:
    """Those without ``Deny`` or ``Quarantine`` in their names only add to what the app's allow."""
    arns = ["arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy", "arn:aws:iam::aws:policy/service-role/AWSLambdaRole"]
    assert messages(check(tmp_path, complete(Role=role(ManagedPolicyArns=arns)))) == []


@pytest.mark.parametrize(
    "statement",
    [
        {"NotAction": ["kms:*", "s3:*"], "Resource": "*"},
        {"NotAction": ["k*", "s3:*"], "Resource": "*"},
        {"Action": "kms:*", "NotResource": {"Fn::GetAtt": ["Key", "Arn"]}},
        {"Action": "kms:*", "NotResource": ["arn:aws:kms:*:*:key/*"]},
    ],
)
def test_what_a_statement_leaves_out_is_not_too_much(statement: dict[str, Any], tmp_path: Path) -> None:
    """Everything but KMS, and every key but this one."""
    template = complete(Else=managed_policy({"Effect": "Allow", **statement}))
    assert messages(check(tmp_path, template)) == []


def test_urls_and_services_of_a_known_region(tmp_path: Path) -> None:
    """``AWS::URLSuffix`` is known with the Region, as older versions of the CDK write principals with it."""
    service = {"Fn::Join": ["", ["personalize.", {"Ref": "AWS::URLSuffix"}]]}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    template = complete(Role=role(AssumeRolePolicyDocument={"Statement": trust}))
    assert messages(check(tmp_path / "known", template)) == []
    for region in ("cn-north-1", "unknown-region"):
        report = check(tmp_path / region, template, region=region)
        assert {each.policy for each in report.undecided} == {"trust"}


def test_an_account_named_by_its_id(tmp_path: Path) -> None:
    """In a stack that knows its account, and in one that doesn't."""
    delegating = key()
    statements = delegating["Properties"]["KeyPolicy"]["Statement"]
    statements[0] = {**statements[0], "Principal": {"AWS": {"Ref": "AWS::AccountId"}}, "Action": "kms:*"}
    for account in ("111122223333", "unknown-account"):
        template = complete(Key=delegating, Policy=policy(actions=ACTIONS))
        assert messages(check(tmp_path / account, template, account=account)) == []


def test_inline_policies_have_a_limit_together(tmp_path: Path) -> None:
    """10,240 characters for all inline policies of a role; 6,144 are the limit of one managed policy."""

    def long(type: str, size: int) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "x" * size}
        return {**managed_policy(statement), "Type": type}

    inline = "AWS::IAM::Policy"
    assert messages(check(tmp_path / "one", complete(Long=long(inline, 9_000)))) == []
    two = complete(Long=long(inline, 6_000), Longer=long(inline, 6_000))
    (message,) = messages(check(tmp_path / "two", two))
    assert message.startswith("the inline policies of Main/Role have at least 12,")
    assert message.endswith("characters together but AWS takes 10,240: write them shorter, or use managed policies")
    (message,) = messages(check(tmp_path / "managed", complete(Long=long("AWS::IAM::ManagedPolicy", 9_000))))
    assert message.startswith("policy Main/Long has at least 9,")
    assert "AWS takes 6,144" in message


TASK = "arn:aws:states:::aws-sdk:personalize:create"


def machine(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    definition = {"StartAt": "Start", "States": {"Start": {"Type": "Task", "End": True, **state}}}
    properties = {"DefinitionString": json.dumps(definition), **more}
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}


@pytest.mark.parametrize("language", [{}, {"QueryLanguage": "JSONata"}, {"InputPath": "$.job"}])
@pytest.mark.parametrize("call", ["DatasetImportJob", "DatasetGroup", "BatchInferenceJob"])
def test_a_task_without_arguments_has_its_input(language: dict[str, str], call: str, tmp_path: Path) -> None:
    """Each execution chooses the role, the key and the locations."""
    report = check(tmp_path, complete(Machine=machine({"Resource": f"{TASK}{call}", **language})))
    assert (report.missing, report.problems) == ((), ())
    assert "Main/Machine · Start" in report.asked[0]
    assert len(report.asked) == 2
    assert report.undecided


def test_an_import_has_no_output(tmp_path: Path) -> None:
    """Nothing is asked about a destination that a job doesn't have."""
    report = check(tmp_path, complete(Machine=machine({"Resource": f"{TASK}DatasetImportJob"})))
    assert not any("destination" in each.because for each in report.undecided)


def test_a_task_that_a_substitution_names(tmp_path: Path) -> None:
    """The name of the service may stand in ``DefinitionSubstitutions`` alone."""
    job = {"DatasetArn": "d", "RoleArn": "${role}", "DataSource": {"DataLocation": "s3://data/"}}
    values = {"task": f"{TASK}DatasetImportJob", "role": {"Fn::GetAtt": ["Role", "Arn"]}}
    template = complete(Machine=machine({"Resource": "${task}", "Parameters": job}, DefinitionSubstitutions=values))
    assert "Main/Machine · Start (dataset import job)" in check(tmp_path, template).asked


@pytest.mark.parametrize(
    ("account", "problems"), [("444455556666", []), ("111122223333", ["configuration"]), ("${account}", [])]
)
def test_a_task_in_another_account(account: str, problems: list[str], tmp_path: Path) -> None:
    """``Credentials`` makes the call in the account of the role that it names."""
    job = {
        "DatasetArn": "arn:aws:personalize:eu-west-1:444455556666:dataset/movies/INTERACTIONS",
        "RoleArn": "arn:aws:iam::444455556666:role/personalize",
        "DataSource": {"DataLocation": "s3://data/"},
    }
    credentials: dict[str, Any] = {"RoleArn": f"arn:aws:iam::{account}:role/caller"}
    if "$" in account:
        credentials = {"RoleArn.$": "$.caller"}
    state = {"Resource": f"{TASK}DatasetImportJob", "Parameters": job, "Credentials": credentials}
    report = check(tmp_path, complete(Machine=machine(state)))
    assert [each.kind for each in report.problems] == problems


@pytest.mark.parametrize(
    ("call", "problems"),
    [
        ({}, ["configuration"]),
        ({"region": "us-east-1"}, ["configuration"]),
        ({"assumedRoleArn": "arn:aws:iam::444455556666:role/caller"}, []),
        ({"assumedRoleArn": "arn:aws:iam::444455556666:role/caller", "region": "us-east-1"}, ["configuration"]),
    ],
)
def test_a_custom_resource_in_another_account_or_region(call: Any, problems: list[str], tmp_path: Path) -> None:
    """``AwsCustomResource`` has props for both; the key has to be in the Region of the call."""
    parameters = {
        "name": "movies",
        "kmsKeyArn": f"arn:aws:kms:eu-west-1:444455556666:key/{KEY_ID}",
        "roleArn": "arn:aws:iam::444455556666:role/personalize",
    }
    text = json.dumps({"service": "personalize", "action": "createDatasetGroup", "parameters": parameters, **call})
    custom = {"Type": "Custom::AWS", "Properties": {"Create": text}}
    found = check(tmp_path, {"Resources": {"Group": custom}}).problems
    assert sorted({each.kind for each in found}) == problems
    in_region = [each.message for each in found if "Personalize works in us-east-1" in each.message]
    assert len(in_region) == ("region" in call)


def test_the_actions_that_the_iam_policy_lacks_are_named(tmp_path: Path) -> None:
    """What is found above is found with policies that are complete; here one isn't."""
    report = check(tmp_path, complete(Policy=policy(actions=IN_IAM[1:])))
    assert [(each.principal, each.policy, each.action) for each in report.missing] == [("role", "role", "kms:Decrypt")]


def test_stacks_that_do_not_say_their_accounts_may_have_resources_of_one_name(tmp_path: Path) -> None:
    """One stack for development and one for production: each has its own dataset group, alias and key."""
    alias = {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/data", "TargetKeyId": {"Ref": "Key"}}}
    stacks = {name: importing("alias/data", Alias=alias) for name in ("Dev", "Prod")}
    report = check_assembly(write(tmp_path, stacks, account="unknown-account", region="unknown-region"))
    assert messages(report) == []
    assert len(report.asked) == 4


def test_roles_of_one_name_are_a_question(tmp_path: Path) -> None:
    """They can't be of one account, and it isn't known which policies are those of which."""
    named = complete(Role=role(RoleName="movies"))
    stacks = {"Dev": named, "Prod": named}
    report = check_assembly(write(tmp_path, stacks, account="unknown-account", region="unknown-region"))
    assert (report.missing, report.problems) == ((), ())
    assert [(each.needed_by, each.because) for each in report.undecided] == [
        (
            ["Dev/Role"],
            "Prod/Role has the same name, so that it isn't known whose policies are whose: give the stacks their "
            "accounts by env, or put them into stages",
        )
    ]


@pytest.mark.parametrize("account", ["111122223333", "unknown-account"])
def test_roles_of_one_name_in_one_stack(account: str, tmp_path: Path) -> None:
    """IAM makes one of them, in whatever Region: neither another environment nor a stage would part them."""
    template = complete(Role=role(RoleName="movies"), Other=role(RoleName="movies"))
    report = check_assembly(write(tmp_path, {"Main": template}, account=account))
    assert (report.missing, report.undecided) == ((), ())
    assert messages(report) == [
        "Main/Role and Main/Other have one role name, which an account takes once: give each its own, or share one role"
    ]


def test_roles_of_one_name_in_two_stacks_of_one_account(tmp_path: Path) -> None:
    """The stacks say their account already."""
    named = complete(Role=role(RoleName="movies"))
    report = check_assembly(write(tmp_path, {"Dev": named, "Prod": named}))
    assert report.undecided == ()
    assert messages(report) == [
        "Dev/Role and Prod/Role have one role name, which an account takes once: give each its own, or share one role"
    ]


def test_roles_of_one_name_of_which_one_may_not_be_made(tmp_path: Path) -> None:
    """The deployment may succeed, with a condition on one of them."""
    template = complete(Role=role(RoleName="movies"), Other={**role(RoleName="movies"), "Condition": "Two"})
    template["Parameters"] = {"Count": {"Type": "String"}}
    template["Conditions"] = {"Two": {"Fn::Equals": [{"Ref": "Count"}, "2"]}}
    report = check_assembly(write(tmp_path, {"Main": template}))
    assert report.problems == ()
    assert [(each.needed_by, each.because) for each in report.undecided] == [
        (
            ["Main/Role"],
            "Main/Other has the same name, so that it isn't known whose policies are whose: give each its own name",
        )
    ]


@pytest.mark.parametrize(
    ("path", "problems"),
    [
        ("s3://reports/out/", []),
        ("s3://reports/", []),
        ("s3://reports", []),
        ({"Fn::Sub": "s3://reports/${Stage}"}, []),
        ("s3://reports/out", ["its destination is s3://reports/out, which is not a folder: end it in /"]),
        (
            {"Fn::Sub": "s3://reports/${Stage}/out"},
            ["its destination is s3://reports/${Main.Stage?}/out, which is not a folder: end it in /"],
        ),
    ],
)
def test_a_destination_is_a_folder(path: Any, problems: list[str], tmp_path: Path) -> None:
    """And is judged as one, so that nothing is missing because of the slash."""
    output = {"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "S3DataDestination": {"Path": path}}
    properties = {"DatasetGroupArn": {"Fn::GetAtt": ["Movies", "DatasetGroupArn"]}, "MetricsOutputConfig": output}
    template = complete(
        Clicks={"Type": "AWS::Personalize::MetricAttribution", "Properties": properties, "DependsOn": "Write"},
        Write=managed_policy(
            {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"},
            {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::reports/*"},
        ),
    )
    report = check(tmp_path, {**PARAMETER, **template})
    assert [each.message.partition(": ")[2] for each in report.problems if each.kind == "configuration"] == problems
    wanted = {each.resource for each in (*report.allowed, *report.missing) if each.action == "s3:PutObject"}
    assert all(each.endswith(("/*", "?}")) for each in wanted)
    assert len(wanted) == 1
    assert report.missing == ()


def test_a_bucket_has_one_policy(tmp_path: Path) -> None:
    """Of two, each is about half of what is needed, and one replaces the other."""
    template = importing({"Ref": "Key"})
    resources = template["Resources"]
    both = resources["DataPolicy"]
    statements = both["Properties"]["PolicyDocument"]["Statement"]
    for name, statement in zip(("DataPolicy", "Another"), statements, strict=True):
        resources[name] = {**both, "Properties": {**both["Properties"], "PolicyDocument": {"Statement": [statement]}}}
    resources["Interactions"]["DependsOn"].append("Another")
    assert messages(check(tmp_path, template)) == [
        "Main/Data has 2 bucket policies, Main/Another and Main/DataPolicy, but S3 keeps one: put the statements into "
        "one"
    ]


@pytest.mark.parametrize(("source", "same"), [("s3://reports/out/", True), ("s3://reports/in/", False)])
def test_a_batch_job_writes_to_another_folder_than_it_reads_from(source: str, same: bool, tmp_path: Path) -> None:
    """Personalize refuses one that doesn't."""
    job = {
        "SolutionVersionArn": "arn:aws:personalize:eu-west-1:111122223333:solution/movies/1",
        "RoleArn": ROLE_ARN,
        "JobInput": {"S3DataSource": {"Path": source}},
        "JobOutput": {"S3DataDestination": {"Path": "s3://reports/out/"}},
    }
    state = {"Resource": f"{TASK}BatchInferenceJob", "Parameters": job}
    report = check(tmp_path, complete(Machine=machine(state)))
    assert [each.message for each in report.problems] == [
        "Main/Machine · Start has the same source and destination, s3://reports/out/, but Personalize wants another "
        "folder for the output: change one of them"
    ] * same


def test_what_else_names_a_bucket_is_no_bucket_policy(tmp_path: Path) -> None:
    """An access point has a policy of its own, which allows nothing by itself."""
    point = {"Type": "AWS::S3::AccessPoint", "Properties": {"Bucket": {"Ref": "Data"}, "Name": "point"}}
    assert messages(check(tmp_path, importing({"Ref": "Key"}, Point=point))) == []


def test_a_key_for_signatures_cannot_encrypt(tmp_path: Path) -> None:
    """Whatever its spec, which a template may leave out."""
    (problem,) = check(tmp_path, complete(Key=key(KeyUsage="SIGN_VERIFY"))).problems
    assert "is SYMMETRIC_DEFAULT for SIGN_VERIFY, and Personalize needs a symmetric encryption key" in problem.message


def test_inline_policies_in_a_role_count_among_its_inline_policies(tmp_path: Path) -> None:
    """With those that are resources of their own."""
    statement = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "x" * 7_000}
    inside = [{"PolicyName": "inside", "PolicyDocument": {"Statement": [statement]}}]
    assert messages(check(tmp_path / "one", complete(Role=role(Policies=inside)))) == []
    both = complete(Role=role(Policies=inside), Beside={**managed_policy({**statement}), "Type": "AWS::IAM::Policy"})
    (message,) = messages(check(tmp_path / "both", both))
    assert message.startswith("the inline policies of Main/Role have at least 14,")
