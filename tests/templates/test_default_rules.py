"""The validation that comes with the CDK finds nothing in our templates, warnings included.

The tests register the CDK's own plugin themselves: ``CDK_VALIDATION=false`` speeds up the other
tests by leaving out the one that every app has by default.
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from tests.templates import stacks
from tests.templates.findings import REPORT_ONLY, findings

# With the flag off, the CDK turns errors into warnings.
VALIDATE = {"@aws-cdk/core:validateAgainstDefaultRules": True}


def test_no_stack_has_a_finding_and_a_bad_one_has(tmp_path: Path) -> None:
    """An alias in place of a key's ARN is an error, an unknown versioning status a warning."""
    flags = stacks.FLAGS["recommended_flags"]()
    app = stacks.app(tmp_path, {**flags, **VALIDATE, **REPORT_ONLY})
    cdk.Validations.of(app).add_plugins(cdk.CloudFormationValidatePlugin())
    for stack in stacks.STACKS.values():
        stack(app)
    bad = cdk.Stack(app, "Bad")
    alias = kms.Alias.from_alias_name(bad, "Alias", "alias/movies")
    personalize.CfnDatasetGroup(
        bad,
        "Movies",
        name="movies",
        kms_key_arn=f"arn:aws:kms:us-east-1:111122223333:{alias.alias_name}",
        role_arn="arn:aws:iam::111122223333:role/personalize",
    )
    s3.CfnBucket(bad, "Data").add_property_override("VersioningConfiguration.Status", "Sometimes")

    told = findings(app, "CloudFormation Validate")
    assert told == [("error", "F3031", "Bad/Movies"), ("warning", "W3030", "Bad/Data")]
