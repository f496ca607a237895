"""The removal policy of what outlives its stack."""

from aws_cdk import CfnResource, RemovalPolicy


def keep(resource: CfnResource, removal_policy: RemovalPolicy) -> None:
    """Apply a removal policy. Nobody can use what is left of a failed creation."""
    if removal_policy is RemovalPolicy.RETAIN:
        removal_policy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    resource.apply_removal_policy(removal_policy)
