"""Statements that can't be attached are reported, complete, at synth and in ``pending_statements``."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.policies import resources, template

KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE_ARN = "arn:aws:iam::111111111111:role/personalize"
PERSONALIZE = {"Service": "personalize.amazonaws.com"}
ACTIONS = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]

OF_THIS_ACCOUNT = {"StringEqualsIfExists": {"aws:SourceAccount": "${AWS::AccountId}"}}
OF_THE_ROLES_ACCOUNT = {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}}

# The account with a condition, and not the role itself: if the role goes one day, the owner's policy has no dead id.
KEY_STATEMENTS = [
    {
        "Sid": "PersonalizeRole0B0E511D",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": ACTIONS,
        "Resource": ["*"],
        "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}},
    },
    {
        "Sid": "PersonalizeService0B0E511D",
        "Effect": "Allow",
        "Principal": PERSONALIZE,
        "Action": ACTIONS,
        "Resource": ["*"],
        "Condition": OF_THE_ROLES_ACCOUNT,
    },
]
BUCKET_STATEMENTS = [
    {
        "Sid": "PersonalizeServiceListBucket0B0E511D",
        "Effect": "Allow",
        "Principal": PERSONALIZE,
        "Action": ["s3:ListBucket"],
        "Resource": ["arn:${AWS::Partition}:s3:::ratings"],
        "Condition": OF_THIS_ACCOUNT,
    },
    {
        "Sid": "PersonalizeServiceReadObjects0B0E511D",
        "Effect": "Allow",
        "Principal": PERSONALIZE,
        "Action": ["s3:GetObject"],
        "Resource": ["arn:${AWS::Partition}:s3:::ratings/import/*"],
        "Condition": OF_THIS_ACCOUNT,
    },
]
# A statement for the account delegates to IAM, which has to allow every action then.
ROLE_STATEMENTS = [
    {"Sid": "CreateGrants", "Effect": "Allow", "Action": ["kms:CreateGrant"], "Resource": [KEY_ARN]},
    {
        "Sid": "UseKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"],
        "Resource": [KEY_ARN],
    },
]


@pytest.fixture
def imported_key(stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "ImportedKey", KEY_ARN)


@pytest.fixture
def imported_role(stack: cdk.Stack) -> iam.IRole:
    return iam.Role.from_role_arn(stack, "ImportedRole", ROLE_ARN)


@pytest.fixture
def immutable_role(stack: cdk.Stack) -> iam.IRole:
    return iam.Role.from_role_arn(stack, "ImmutableRole", ROLE_ARN, mutable=False)


def warnings(stack: cdk.Stack) -> dict[str, list[object]]:
    """The JSON of each warning of ours, by its id."""
    found = {}
    for annotation in assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value()):
        text, _, warning_id = str(annotation.entry.data).rpartition(" [ack: ")
        if not warning_id.startswith("personalize-kms-constructs:"):
            continue  # the CDK's own
        found[warning_id.rstrip("]")] = json.loads(text[text.index("\n[\n") : text.index("\n]\n") + 2])
    return found


def test_the_policy_of_an_imported_key_is_pending(
    stack: cdk.Stack, imported_key: kms.IKey, imported_role: iam.IRole
) -> None:
    """CDK drops the statements without a word; the construct keeps them."""
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=imported_key,
        service_role=imported_role,
        resources=[PersonalizeResource.dataset_group()],
    )
    (pending,) = encryption.pending_statements
    assert (pending.policy, pending.resource_arn) == ("key", KEY_ARN)
    assert [statement.sid for statement in pending.statements] == [
        "PersonalizeRole0B0E511D",
        "PersonalizeService0B0E511D",
    ]
    assert warnings(stack) == {"personalize-kms-constructs:pendingKeyPolicy": KEY_STATEMENTS}


def test_the_policy_of_an_imported_bucket_is_pending(stack: cdk.Stack) -> None:
    """Placeholders stand for what is known at deployment alone."""
    bucket = s3.Bucket.from_bucket_name(stack, "ImportedBucket", "ratings")
    encryption = PersonalizeEncryption(
        stack, "Encryption", resources=[PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))]
    )
    (pending,) = encryption.pending_statements
    assert pending.policy == "bucket"
    assert warnings(stack) == {"personalize-kms-constructs:pendingBucketPolicy": BUCKET_STATEMENTS}


def test_a_single_statement_of_an_imported_bucket_is_pending(stack: cdk.Stack) -> None:
    """One statement is no less pending than several."""
    bucket = s3.Bucket.from_bucket_name(stack, "ImportedBucket", "ratings")
    encryption = PersonalizeEncryption(
        stack, "Encryption", resources=[PersonalizeResource.metric_attribution(S3Location(bucket, "metrics/"))]
    )
    (pending,) = encryption.pending_statements
    assert (pending.policy, len(pending.statements)) == ("bucket", 1)


def test_a_bucket_of_another_account_has_to_allow_the_role_too(app: cdk.App) -> None:
    """Across accounts the bucket's policy has to allow as well: the role's account, for this role alone."""
    concrete = cdk.Stack(app, "Concrete", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    role = iam.Role.from_role_arn(concrete, "ImportedRole", ROLE_ARN)
    bucket = s3.Bucket.from_bucket_attributes(
        concrete, "ImportedBucket", bucket_arn="arn:aws:s3:::ratings", account="222222222222"
    )
    export = PersonalizeResource.dataset_export_job(S3Location(bucket, "out/"))
    encryption = PersonalizeEncryption(concrete, "Encryption", service_role=role, resources=[export])
    (pending,) = encryption.pending_statements
    statements = [statement.to_statement_json() for statement in pending.statements]
    of_this_account = {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}}
    of_this_role = {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}}
    assert [(statement["Sid"], statement["Principal"], statement["Condition"]) for statement in statements] == [
        ("PersonalizeRoleListBucketB2FC0821", {"AWS": "arn:aws:iam::111111111111:root"}, of_this_role),
        ("PersonalizeRoleWriteObjectsB2FC0821", {"AWS": "arn:aws:iam::111111111111:root"}, of_this_role),
        ("PersonalizeServiceListBucketB2FC0821", PERSONALIZE, of_this_account),
        ("PersonalizeServiceWriteObjectsB2FC0821", PERSONALIZE, of_this_account),
    ]


def test_the_policy_of_an_immutable_role_is_pending(
    stack: cdk.Stack, imported_key: kms.IKey, immutable_role: iam.IRole
) -> None:
    """A role that must not be touched gets no policy, and what it lacks is reported."""
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=imported_key,
        service_role=immutable_role,
        resources=[PersonalizeResource.dataset_group()],
    )
    assert resources(stack, "AWS::IAM::ManagedPolicy") == {}
    assert resources(stack, "AWS::IAM::Policy") == {}
    assert [(pending.policy, pending.resource_arn) for pending in encryption.pending_statements] == [
        ("key", KEY_ARN),
        ("role", ROLE_ARN),
    ]
    assert warnings(stack) == {
        "personalize-kms-constructs:pendingKeyPolicy": KEY_STATEMENTS,
        "personalize-kms-constructs:pendingRolePolicy": ROLE_STATEMENTS,
    }


def test_a_role_without_policy_updates_is_pending(stack: cdk.Stack) -> None:
    """``without_policy_updates()`` makes any role immutable."""
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        service_role=role.without_policy_updates(),
        resources=[PersonalizeResource.dataset_group()],
    )
    assert resources(stack, "AWS::IAM::ManagedPolicy") == {}
    assert [pending.policy for pending in encryption.pending_statements] == ["role"]


def test_statements_allowed_later_are_pending_too(
    stack: cdk.Stack, imported_key: kms.IKey, imported_role: iam.IRole
) -> None:
    """The warning has what is needed at synth, not what was needed at first."""
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=imported_key,
        service_role=imported_role,
        resources=[PersonalizeResource.dataset_group()],
    )
    encryption.allow(PersonalizeResource.dataset_export_job())
    (statements,) = warnings(stack).values()
    assert [statement["Action"] for statement in statements] == [  # type: ignore[index]
        [*ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"]
    ] * 2


def test_a_bucket_imported_twice_is_pending_once(stack: cdk.Stack) -> None:
    """Its owner gets one list of statements."""
    jobs = [
        PersonalizeResource.dataset_import_job(
            S3Location(s3.Bucket.from_bucket_name(stack, f"Imported{number}", "ratings"), f"{number}/")
        )
        for number in range(2)
    ]
    (pending,) = PersonalizeEncryption(stack, "Encryption", resources=jobs).pending_statements
    assert len({statement.sid for statement in pending.statements}) == len(pending.statements) == 2


def test_a_key_imported_twice_is_pending_once(stack: cdk.Stack, imported_key: kms.IKey) -> None:
    """Two objects of one ARN are one key."""
    again = kms.Key.from_key_arn(stack, "Again", KEY_ARN)
    bucket = s3.Bucket.from_bucket_attributes(stack, "Imported", bucket_name="ratings", encryption_key=again)
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=imported_key,
        resources=[PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))],
    )
    assert [pending.policy for pending in encryption.pending_statements] == ["key", "bucket"]


@pytest.mark.parametrize("place", ["construct", "stack"])
def test_warnings_can_be_acknowledged(
    stack: cdk.Stack, imported_key: kms.IKey, immutable_role: iam.IRole, place: str
) -> None:
    """The ids are stable, so that a team can say that the key's owner has done their part, and nobody else theirs."""
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=imported_key,
        service_role=immutable_role,
        resources=[PersonalizeResource.dataset_group()],
    )
    scope = encryption if place == "construct" else stack
    cdk.Annotations.of(scope).acknowledge_warning("personalize-kms-constructs:pendingKeyPolicy")
    assert set(warnings(stack)) == {"personalize-kms-constructs:pendingRolePolicy"}


def test_warnings_can_be_acknowledged_in_advance(
    stack: cdk.Stack, imported_key: kms.IKey, imported_role: iam.IRole
) -> None:
    """Above the construct, for all that is made below later."""
    cdk.Annotations.of(stack).acknowledge_warning("personalize-kms-constructs:pendingKeyPolicy")
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=imported_key,
        service_role=imported_role,
        resources=[PersonalizeResource.dataset_group()],
    )
    assert warnings(stack) == {}


def test_nothing_pending_warns_of_nothing(stack: cdk.Stack) -> None:
    """Keys, roles and buckets of the app take every statement."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_group()])
    assert encryption.pending_statements == ()
    assert warnings(stack) == {}


def test_pending_statements_can_be_a_stack_output(stack: cdk.Stack) -> None:
    """CloudFormation fills in what is known at deployment alone; what is allowed later is in it."""
    bucket = s3.Bucket.from_bucket_name(stack, "ImportedBucket", "ratings")
    encryption = PersonalizeEncryption(stack, "Encryption")
    encryption.output_pending_statements()
    encryption.allow(PersonalizeResource.dataset_import_job(S3Location(bucket, "import/")))
    (output,) = template(stack)["Outputs"].values()
    text = output["Value"]["Fn::Join"][1]
    filled_in = {"AWS::Partition": "aws-cn", "AWS::AccountId": "111111111111"}
    deployed = "".join(part if isinstance(part, str) else filled_in[part["Ref"]] for part in text)
    assert json.loads(deployed) == [
        {
            "policy": "bucket",
            "resource": "arn:aws-cn:s3:::ratings",
            "statements": [
                {
                    "Sid": "PersonalizeServiceListBucket0B0E511D",
                    "Effect": "Allow",
                    "Principal": PERSONALIZE,
                    "Action": ["s3:ListBucket"],
                    "Resource": ["arn:aws-cn:s3:::ratings"],
                    "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}},
                },
                {
                    "Sid": "PersonalizeServiceReadObjects0B0E511D",
                    "Effect": "Allow",
                    "Principal": PERSONALIZE,
                    "Action": ["s3:GetObject"],
                    "Resource": ["arn:aws-cn:s3:::ratings/import/*"],
                    "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}},
                },
            ],
        }
    ]


def test_an_output_of_nothing_pending_is_an_empty_list(stack: cdk.Stack) -> None:
    """The output is there all the same, so that scripts can rely on it."""
    PersonalizeEncryption(stack, "Encryption").output_pending_statements("Pending")
    (output,) = template(stack)["Outputs"].values()
    assert output["Value"] == "[]"


def test_the_dummy_key_of_a_lookup_is_taken(app: cdk.App) -> None:
    """A key that is looked up is a dummy until the CLI has found it; that is no reason to refuse anything."""
    stack = cdk.Stack(app, "Concrete", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    key = kms.Key.from_lookup(stack, "Key", alias_name="alias/personalize")
    assert key.key_id == "1234abcd-12ab-34cd-56ef-1234567890ab"
    encryption = PersonalizeEncryption(
        stack, "Encryption", encryption_key=key, resources=[PersonalizeResource.dataset_group()]
    )
    assert [pending.policy for pending in encryption.pending_statements] == ["key"]


def test_what_another_stack_makes_is_named_with_its_stack(
    app: cdk.App, stack: cdk.Stack, imported_key: kms.IKey
) -> None:
    """A logical id of another stack would say nothing to the key's owner."""
    role = iam.Role(cdk.Stack(app, "Roles"), "Service", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=imported_key,
        service_role=role,
        resources=[PersonalizeResource.dataset_group()],
    )
    (statements,) = warnings(stack).values()
    role_arn = {"aws:PrincipalArn": "${Roles/Service/Resource.Arn}"}
    assert statements[0]["Condition"] == {"ArnEquals": role_arn}  # type: ignore[index]


def test_what_this_stack_makes_is_named_by_its_logical_id(stack: cdk.Stack, imported_key: kms.IKey) -> None:
    """The placeholders are those of ``Fn::Sub``."""
    role = iam.Role(stack, "Service", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=imported_key,
        service_role=role,
        resources=[PersonalizeResource.dataset_group()],
    )
    (statements,) = warnings(stack).values()
    assert statements[0]["Principal"] == {  # type: ignore[index]
        "AWS": "arn:aws:iam::${AWS::AccountId}:root"
    }
    role_arn = {"aws:PrincipalArn": "${ServiceDBC79909.Arn}"}
    assert statements[0]["Condition"] == {"ArnEquals": role_arn}  # type: ignore[index]
