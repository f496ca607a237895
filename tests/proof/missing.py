"""Permissions that AWS's page asks for and the policies don't give."""

from collections.abc import Iterator, Sequence

from tests.proof import page
from tests.proof.evaluator import Caller, addressed_to, allowed
from tests.proof.in_effect import InEffect
from tests.proof.model import Deployed
from tests.proof.needs import REQUIRED, Need, Use

Deviation = tuple[str, str, str, str]
"""Principal, action, resource and policy."""


def missing(deployed: Deployed, uses: Sequence[Use], asked: Sequence[Need]) -> Iterator[Deviation]:
    """Yield the permissions that these policies lack, the trust in the service included."""
    for use in uses:
        role, call = deployed.roles[use.role], service_calls(use)[0]
        # A trust policy has no Resource: it is about its role.
        if not allowed(
            addressed_to(role.trust, call), call, frozenset({page.TRUST_ACTION}), role.arn
        ):
            yield page.SERVICE, page.TRUST_ACTION, role.arn, "trust policy"
    in_effect = InEffect(deployed)
    for need in asked:
        for resource in need.on.samples():
            lacking = _lacking(in_effect, need, resource)
            if lacking is not None:
                yield need.principal, need.action, resource, lacking


def service_calls(use: Use) -> tuple[Caller, ...]:
    """The calls of the service to allow; no page says whether they carry their source."""
    here = use.environment
    source = f"arn:{here.partition}:personalize:{here.region}:{here.account}:dataset-group/movies"
    carrying = Caller(service=page.SERVICE, source_account=here.account, source_arn=source)
    return (carrying,) if use.check == REQUIRED else (carrying, Caller(service=page.SERVICE))


def _lacking(in_effect: InEffect, need: Need, resource: str) -> str | None:
    """Return the policy that lacks the permission on the resource, or None."""
    region = need.use.environment.region
    owner = need.on.arn if need.where == page.KEY_POLICY else need.on.arn.split("/")[0]
    if need.principal == page.SERVICE:
        calls = service_calls(need.use)
        given = all(in_effect.allows_service(owner, call, need.action, resource) for call in calls)
        return None if given else need.where
    if need.where == page.KEY_POLICY:
        return in_effect.lacking_on_key(need.principal, owner, need.action, region)
    if need.action.startswith("s3:"):
        return in_effect.lacking_in_bucket(need.principal, owner, need.action, resource, region)
    return None if in_effect.by_iam(need.principal, need.action, resource, region) else need.where
