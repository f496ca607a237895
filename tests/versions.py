"""Marks for tests that are skipped where aws-cdk-lib is older than they need; nothing else is skipped.

``make versions`` fails when anything else is skipped, or anything at all with the newest versions.
"""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_stepfunctions as sfn

HAS_METRIC_ATTRIBUTION = hasattr(personalize, "CfnMetricAttribution")

needs_metric_attribution = pytest.mark.skipif(
    not HAS_METRIC_ATTRIBUTION, reason="needs a newer aws-cdk-lib: CfnMetricAttribution came with 2.268.0"
)
has_role_lookup = pytest.mark.skipif(
    not hasattr(iam.Role, "from_lookup"), reason="needs a newer aws-cdk-lib: this one lacks iam.Role.from_lookup"
)
needs_jsonata = pytest.mark.skipif(
    not hasattr(sfn, "QueryLanguage"), reason="needs a newer aws-cdk-lib: JSONata machines came with 2.178.0"
)
needs_default_rules = pytest.mark.skipif(
    not hasattr(cdk, "CloudFormationValidatePlugin"), reason="needs a newer aws-cdk-lib: this one validates nothing"
)
NEEDS_VALIDATIONS = "needs a newer aws-cdk-lib: Validations came with 2.251.0"
needs_validations = pytest.mark.skipif(not hasattr(cdk, "Validations"), reason=NEEDS_VALIDATIONS)
NEEDS_NAG = "needs a newer aws-cdk-lib: no cdk-nag can be installed beside this one"
