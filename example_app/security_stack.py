"""The key that a security team owns."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct


class SecurityStack(cdk.Stack):
    """A key for everything that Personalize stores."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.encryption_key = kms.Key(
            self, "PersonalizeKey", alias="alias/personalize", enable_key_rotation=True
        )
