"""Sessions of the deployed role on the real KMS and S3 calls of an AWS that enforces policies."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import PersonalizeResource, S3Location
from tests.deploy.stacks import deploy
from tests.life.conftest import allowing, importing
from tests.policies import template

DENIED = {"AccessDenied", "AccessDeniedException"}


class Live:
    """A stack deployed to an AWS that enforces policies, and clients of its service role."""

    def __init__(self, aws: EmbeddedAws, form: str, directory: Path) -> None:
        self.owner = aws.client
        """A client of the account's owner, for a service."""
        app = cdk.App(outdir=str(directory), analytics_reporting=False)
        environment = cdk.Environment(account=aws.account, region=aws.region)
        stack = cdk.Stack(app, "Stack", env=environment)
        owner = cdk.Stack(app, "Owner", env=environment) if form == "delegated" else stack
        key, other_key = kms.Key(owner, "GroupKey"), kms.Key(owner, "OtherKey")
        bucket = s3.Bucket(owner, "Bucket", encryption_key=kms.Key(owner, "BucketKey"))
        encryption = allowing(
            stack,
            importing(bucket),
            PersonalizeResource.dataset_export_job(S3Location(bucket, "export/")),
            encryption_key=key,
        )
        for name, value in (
            ("Key", key.key_arn),
            ("OtherKey", other_key.key_arn),
            ("Bucket", bucket.bucket_name),
            ("Role", encryption.service_role.role_name),
        ):
            cdk.CfnOutput(stack, f"{name}Out", value=value)
        assert (
            deploy(
                aws,
                {
                    deployed.stack_name: template(deployed)
                    for deployed in dict.fromkeys([owner, stack])
                },
            )
            == []
        )
        (described,) = aws.client("cloudformation").describe_stacks(StackName="Stack")["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        self.key, self.other_key, self.bucket = (
            outputs["KeyOut"],
            outputs["OtherKeyOut"],
            outputs["BucketOut"],
        )
        credentials = self._credentials(outputs["RoleOut"])
        session = boto3.session.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=aws.region,
        )
        config = Config(
            proxies={}, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
        )
        create: Any = session.client
        self.client = partial(create, endpoint_url=aws.endpoint, config=config)
        """A client of the role's session."""

    def _credentials(self, role_name: str) -> Any:
        # Personalize alone is trusted; the account is let in for the test.
        iam = self.owner("iam")
        role = iam.get_role(RoleName=role_name)["Role"]
        trust = role["AssumeRolePolicyDocument"]
        account = {"AWS": "arn:aws:iam::111111111111:root"}
        trust["Statement"].append(
            {"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"}
        )
        iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=json.dumps(trust))
        return self.owner("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="live")[
            "Credentials"
        ]


@pytest.fixture(scope="module")
def enforcing_aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(enforce=True) as aws:
        yield aws


@pytest.fixture(scope="module", params=["named", "delegated"])
def live(
    request: pytest.FixtureRequest,
    enforcing_aws: EmbeddedAws,
    tmp_path_factory: pytest.TempPathFactory,
) -> Live:
    """The role's statement in the key policy in both of its forms."""
    enforcing_aws.reset()
    return Live(enforcing_aws, request.param, tmp_path_factory.mktemp("cdk.out"))


def decrypt(live: Live) -> Any:
    encrypted = live.owner("kms").encrypt(KeyId=live.key, Plaintext=b"data")["CiphertextBlob"]
    return live.client("kms").decrypt(CiphertextBlob=encrypted, KeyId=live.key)


def kms_call(name: str, **arguments: Any) -> Callable[[Live], Any]:
    """A call on the dataset group's key."""
    return lambda live: getattr(live.client("kms"), name)(KeyId=live.key, **arguments)


def s3_call(name: str, **arguments: Any) -> Callable[[Live], Any]:
    """A call on the bucket."""
    return lambda live: getattr(live.client("s3"), name)(Bucket=live.bucket, **arguments)


ALLOWED: dict[str, Callable[[Live], Any]] = {
    "decrypt": decrypt,
    "describe the key": kms_call("describe_key"),
    "generate a data key": kms_call("generate_data_key", KeySpec="AES_256"),
    "generate a data key without plaintext": kms_call(
        "generate_data_key_without_plaintext", KeySpec="AES_256"
    ),
    "list grants": kms_call("list_grants"),
    "create a grant": kms_call(
        "create_grant", GranteePrincipal="arn:aws:iam::111111111111:root", Operations=["Decrypt"]
    ),
    "read what is to be imported": s3_call("get_object", Key="import/a.csv"),
    "list the bucket": s3_call("list_objects_v2", Prefix="import/"),
    "write what is exported": s3_call("put_object", Key="export/a.csv", Body=b""),
}
NOT_ALLOWED: dict[str, Callable[[Live], Any]] = {
    "encrypt": kms_call("encrypt", Plaintext=b"data"),
    "change the key policy": kms_call("put_key_policy", PolicyName="default", Policy="{}"),
    "schedule the deletion of the key": kms_call("schedule_key_deletion"),
    "use another key": lambda live: live.client("kms").generate_data_key(
        KeyId=live.other_key, KeySpec="AES_256"
    ),
    "read outside of the prefix": s3_call("get_object", Key="other/a.csv"),
    "read what is exported": s3_call("get_object", Key="export/b.csv"),
    "write what is to be imported": s3_call("put_object", Key="import/b.csv", Body=b""),
    "delete an object": s3_call("delete_object", Key="import/a.csv"),
    "list the roles": lambda live: live.client("iam").list_roles(),
}


@pytest.mark.parametrize("call", ALLOWED)
def test_the_role_may(live: Live, call: str) -> None:
    """Every action of the page works on the real call."""
    for key in ("import/a.csv", "export/b.csv", "other/a.csv"):
        live.owner("s3").put_object(Bucket=live.bucket, Key=key, Body=b"")
    ALLOWED[call](live)


@pytest.mark.parametrize("call", NOT_ALLOWED)
def test_the_role_may_not(live: Live, call: str) -> None:
    """Any other action is denied on the real call."""
    with pytest.raises(ClientError) as error:
        NOT_ALLOWED[call](live)
    assert error.value.response["Error"]["Code"] in DENIED
