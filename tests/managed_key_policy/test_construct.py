"""The template of the construct."""

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from personalize_kms_constructs import _managed_key_policy
from personalize_kms_constructs._managed_key_policy import ManagedKeyPolicy
from tests.managed_key_policy.conftest import statement
from tests.policies import resources, template

KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
MAY_WRITE = (
    '{"Service":"personalize.amazonaws.com","Actions":["kms:CreateGrant","kms:Decrypt",'
    '"kms:DescribeKey","kms:GenerateDataKey","kms:GenerateDataKeyWithoutPlaintext",'
    '"kms:ListGrants"],"Conditions":[{}],"Keys":[{"Owner":"KeyPolicyD2FC9F6B3B765B63",'
    f'"Arn":"{KEY_ARN}","Sids":{{"A":0}}}}]}}'
)

KEPT = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


def managed(stack: cdk.Stack, removal_policy: cdk.RemovalPolicy = KEPT) -> ManagedKeyPolicy:
    return ManagedKeyPolicy(stack, key_arn=KEY_ARN, removal_policy=removal_policy)


def test_it_makes_these_resources_and_no_others(stack: cdk.Stack) -> None:
    """The function may only read and write the policy of this key, not even write a log."""
    key_policy = managed(stack)
    key_policy.add_statements([iam.PolicyStatement.from_json(statement("A"))])

    made = template(stack)["Resources"]
    source = made["PersonalizeKeyPoliciesFunction0C7DFEF1"]["Properties"].pop("Code")
    assert made == {
        "PersonalizeKeyPoliciesRoleF1AA279D": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "lambda.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                }
            },
        },
        "PersonalizeKeyPoliciesPolicyD2FC9F6B3D461D29": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "Description": f"Lets the function read and write the policy of {KEY_ARN}",
                "Path": "/",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["kms:GetKeyPolicy", "kms:PutKeyPolicy"],
                            "Resource": KEY_ARN,
                        },
                        {
                            "Effect": "Deny",
                            "Action": "kms:PutKeyPolicy",
                            "Resource": KEY_ARN,
                            "Condition": {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}},
                        },
                        {
                            "Effect": "Allow",
                            "Action": "cloudformation:DescribeStacks",
                            "Resource": {"Ref": "AWS::StackId"},
                        },
                    ],
                },
                "Roles": [{"Ref": "PersonalizeKeyPoliciesRoleF1AA279D"}],
            },
        },
        "PersonalizeKeyPoliciesFunction0C7DFEF1": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Description": (
                    "Keeps statements for Amazon Personalize in the policies of KMS keys"
                ),
                "Environment": {"Variables": {"MAY_WRITE": MAY_WRITE}},
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["PersonalizeKeyPoliciesRoleF1AA279D", "Arn"]},
                "Runtime": "python3.13",
                "Timeout": 900,
            },
        },
        "PersonalizeKeyPoliciesCalls0882BC3D": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "PersonalizeKeyPoliciesFunction0C7DFEF1"},
                "MaximumEventAgeInSeconds": 300,
                "Qualifier": "$LATEST",
            },
        },
        "KeyPolicyD2FC9F6B3B765B63": {
            "Type": "Custom::PersonalizeKeyPolicy",
            "DependsOn": ["PersonalizeKeyPoliciesPolicyD2FC9F6B3D461D29"],
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "ServiceToken": {"Fn::GetAtt": ["PersonalizeKeyPoliciesFunction0C7DFEF1", "Arn"]},
                "ServiceTimeout": 1200,
                "KeyArn": KEY_ARN,
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement("A")]},
            },
        },
    }
    module = Path(_managed_key_policy.__file__).with_name("function.py")
    assert source == {"ZipFile": module.read_text(encoding="utf-8")}


def test_statements_and_their_conditions_may_come_late(stack: cdk.Stack) -> None:
    """Document and configuration are resolved at synth."""
    key_policy = managed(stack)
    late = iam.PolicyStatement.from_json(statement("A"))
    key_policy.add_statements([late])
    key_policy.add_statements([iam.PolicyStatement.from_json(statement("B"))])
    condition = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    late.add_condition("StringEquals", condition["StringEquals"])

    (resource,) = resources(stack, "Custom::PersonalizeKeyPolicy").values()
    assert resource["Properties"]["PolicyDocument"]["Statement"] == [
        {**statement("A"), "Condition": condition},
        statement("B"),
    ]
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    configuration = json.loads(function["Properties"]["Environment"]["Variables"]["MAY_WRITE"])
    assert configuration["Conditions"] == [condition, {}]
    assert [key["Sids"] for key in configuration["Keys"]] == [{"A": 0, "B": 1}]


def test_destroy_takes_the_statements_out(stack: cdk.Stack) -> None:
    """At the deletion of the stack, and from the old key when the key changes."""
    managed(stack, cdk.RemovalPolicy.DESTROY)
    (resource,) = resources(stack, "Custom::PersonalizeKeyPolicy").values()
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete")


def test_another_revision_is_another_property(stack: cdk.Stack) -> None:
    """CloudFormation calls the function when a property has changed."""
    ManagedKeyPolicy(stack, key_arn=KEY_ARN, removal_policy=KEPT, revision="2026-11-25")
    (resource,) = resources(stack, "Custom::PersonalizeKeyPolicy").values()
    assert resource["Properties"]["Revision"] == "2026-11-25"
