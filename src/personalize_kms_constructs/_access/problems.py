"""Problems that no statement mends: trust, keys that can't work, and policies that aren't waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from .._answers import Answer
from .._values import has_unknown, same, split_arn
from ..matrix import CONFUSED_DEPUTY_PAGE, IMPORT_PAGE, KMS_PAGE, SERVICE_PRINCIPAL
from . import decision
from .calls import service
from .causes import Cause, Reason
from .decision import Decision
from .entries import Entry
from .model import AccessModel, Asked, Key, Problem, declared_of
from .needs import Need, keys_of
from .policy_documents import Policy

GROUP_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetGroup.html"
KEY_STATE_PAGE = "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"
AWS_MANAGED_KEY = "alias/aws/s3"
# A key is updating for some seconds after its primary Region was changed: "While the key state is Updating, you can use
# the keys in cryptographic operations"
# (https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html).
_USABLE = ("Enabled", "Updating")


def trust_findings(model: AccessModel) -> Iterator[Problem | Entry]:
    """Yield the roles that Personalize can't assume, and those where this can't be seen."""
    asked_with: dict[tuple[str, str, str], list[Asked]] = {}
    for asked in model.asked:
        asked_with.setdefault((asked.role_arn, asked.account, asked.region), []).append(asked)
    for (arn, _, _), asks in asked_with.items():
        role = model.role(arn)
        if not role.exists:
            continue
        caller = service(asks[0].account, asks[0].region, model.organization)
        found = decision.trust(caller, role)
        if found.answer is Answer.NO:
            cause = Cause.TRUST_DENIED if found.reason.cause is Cause.DENIED else Cause.NOT_TRUSTED
            reason = Reason(cause, doubts=(found.reason, *found.further))
            yield Problem.of(
                "trust",
                arn,
                reason,
                CONFUSED_DEPUTY_PAGE,
                asks,
                label=model.label(arn),
                declared=declared_of([role]) or declared_of(asks),
            )
        elif found.answer is Answer.MAYBE:
            yield Entry(
                kind="undecided",
                principal="service",
                principal_arn=SERVICE_PRINCIPAL,
                action="sts:AssumeRole",
                resource=arn,
                policy="trust",
                policy_of=arn,
                page=CONFUSED_DEPUTY_PAGE,
                reason=found.reason,
                asked=tuple(asks),
            )


def configuration_problems(model: AccessModel) -> Iterator[Problem]:
    """Yield keys and roles that Personalize can't work with, whatever the policies say."""
    found: dict[tuple[object, ...], tuple[str, Reason, str, list[Asked]]] = {}
    for asked in model.asked:
        for arn, reason, page in _unusable(model, asked):
            name = (arn, reason.cause, *reason.values.values())
            found.setdefault(name, (arn, reason, page, []))[-1].append(asked)
    for arn, reason, page, asks in found.values():
        label = f"key {model.label(arn)}" if page in (KMS_PAGE, KEY_STATE_PAGE) else model.label(arn)
        yield Problem.of("configuration", arn, reason, page, asks, label=label)


def _unusable(model: AccessModel, asked: Asked) -> Iterator[tuple[str, Reason, str]]:
    """Yield what Personalize can't work with, why, and AWS's page."""
    role = model.role(asked.role_arn)
    if not role.exists:
        yield role.arn, Reason.of(Cause.ROLE_ABSENT), IMPORT_PAGE
    elif same(role.account, asked.account) is Answer.NO:
        yield role.arn, Reason.of(Cause.ROLE_OF_ANOTHER_ACCOUNT, account=asked.account), IMPORT_PAGE
    for arn in keys_of(model, asked):
        for reason in _unusable_key(model.key(arn), asked):
            yield arn, reason, KEY_STATE_PAGE if reason.cause is Cause.KEY_STATE else KMS_PAGE
    for arn in dict.fromkeys(each.bucket_arn for each in asked.locations):
        bucket = model.bucket(arn, asked.account)
        if not bucket.exists:
            yield arn, Reason.of(Cause.BUCKET_ABSENT), IMPORT_PAGE
        elif bucket.region and same(bucket.region, asked.region) is Answer.NO:
            reason = Reason.of(Cause.BUCKET_REGION, bucket_region=bucket.region, region=asked.region)
            yield arn, reason, IMPORT_PAGE


def _unusable_key(key: Key, asked: Asked) -> Iterator[Reason]:
    parts = split_arn(key.arn)
    if key.arn.endswith(AWS_MANAGED_KEY):
        yield Reason.of(Cause.KEY_OF_AWS)
        return
    is_alias = parts is not None and parts[5].startswith("alias/")
    if not key.exists:
        yield Reason.of(Cause.ALIAS_ABSENT if is_alias else Cause.KEY_ABSENT)
        return
    if is_alias:
        yield Reason.of(Cause.KEY_IS_ALIAS)
        return
    if parts is None and not has_unknown(key.arn):
        yield Reason.of(Cause.KEY_IS_NO_ARN)
        return
    if key.state not in _USABLE:
        yield Reason.of(Cause.KEY_STATE, state=key.state)
    known = not has_unknown(key.spec + key.usage)
    if known and (key.spec, key.usage) != ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"):
        yield Reason.of(Cause.KEY_SPEC, spec=key.spec, usage=key.usage)
    if parts and parts[2] == "kms" and same(parts[3], asked.region) is Answer.NO:
        yield Reason.of(Cause.KEY_REGION, key_region=parts[3], region=asked.region)


def ordering_problems(
    model: AccessModel, needs: Mapping[Need, list[Asked]], decisions: Mapping[Need, Decision]
) -> Iterator[Problem]:
    """Yield each policy that a resource of a template needs but may be created before.

    It isn't certain where a part of the key's policy, or an IAM policy of the role, can't be seen: that may allow the
    same. What only limits, as a boundary does, makes no difference.
    """
    early: dict[tuple[Asked, Policy], list[Need]] = {}
    for need, found in decisions.items():
        waiting = [each for each in needs[need] if each.waits_for is not None]
        for asked, alternatives in product(waiting, found.by if found.answer is not Answer.NO else ()):
            before = asked.waits_for or ()
            if all(each.policy.declared and each.policy.declared not in before for each in alternatives):
                early.setdefault((asked, alternatives[0].policy), []).append(need)
    for (asked, policy), for_these in early.items():
        actions = tuple(dict.fromkeys(need.action for need in for_these))
        reason = Reason.of(Cause.NOT_WAITED_FOR, before=policy.name, actions=actions)
        page = asked.permissions.page_of(for_these[0].action)
        certain = not any(_may_be_allowed_elsewhere(model, need, policy) for need in for_these)
        yield Problem.of("ordering", asked.label, reason, page, [asked], certain=certain, is_warning=not certain)


def _may_be_allowed_elsewhere(model: AccessModel, need: Need, policy: Policy) -> bool:
    """Tell if something that can't be seen may allow what a policy does."""
    role = model.role(need.role_arn)
    of_key = model.keys[need.owner].unseen if need.owner in model.keys else ""
    return bool(of_key or (role.unseen and policy in role.identity))
