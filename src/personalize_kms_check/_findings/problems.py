"""Problems that no statement fixes: trust, unusable keys, and policies made too late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._model.causes import Cause, Reason
from .._model.finding import Finding
from .._model.model import AWS_MANAGED_KEY, AccessModel, Key, Owner
from .._model.policy_documents import Policy, PolicyStatement
from .._model.requests import Request, declared_of
from .._needs.decided_needs import DecidedNeed
from .._needs.need import Need
from .._shared.answers import Answer
from .._shared.values import has_unknown, same, split_arn
from ..matrix import CONFUSED_DEPUTY_PAGE, IMPORT_PAGE, KMS_PAGE

GROUP_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetGroup.html"
KEY_STATE_PAGE = "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"
# A key is updating for some seconds after its primary Region was changed: "While the key state is
# Updating, you can use the keys in cryptographic operations"
# (https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html).
_USABLE = ("Enabled", "Updating")
_WAIT_FOR_OURS = (
    "make it wait with node.add_dependency(encryption.permissions), or for that policy where it "
    "isn't a PersonalizeEncryption's"
)
_KEEP = "cancel its deletion, and enable it, before everything that it encrypts is lost"
_OTHER_ROLE = (
    "give the next job another one; a dataset group keeps it: create it again under the same name "
    "and path, then put its ARN in the place of its old id into the policies that named it"
)
# https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
_MENDS = {
    "Creating": "wait until KMS has made it",
    "PendingDeletion": _KEEP,
    "PendingReplicaDeletion": _KEEP,
    "PendingImport": "import its key material",
    "Unavailable": "connect its custom key store",
}


def trust_problems(model: AccessModel, decisions: Iterable[DecidedNeed]) -> Iterator[Finding]:
    for need, _, decision in decisions:
        role = need.owner
        if decision.answer is not Answer.NO or role is None:
            continue
        is_denied = decision.reason.cause is Cause.DENIED
        cause = Cause.TRUST_DENIED if is_denied else Cause.NOT_TRUSTED
        yield Finding(
            kind="trust",
            subject=role.arn,
            label=model.label(role.arn),
            reason=Reason(cause, doubts=decision.refusals),
            page=CONFUSED_DEPUTY_PAGE,
            requests=need.requests,
            places=declared_of([role]),
        )


def configuration_problems(model: AccessModel) -> Iterator[Finding]:
    unusable: dict[object, tuple[Owner, Reason, str, list[Request]]] = {}
    for request in model.requests:
        for owner, reason, page in _unusable(model, request):
            identity = (owner.arn, reason.cause, *reason.values.values())
            *_, requests = unusable.setdefault(identity, (owner, reason, page, []))
            requests.append(request)
    for owner, reason, page, requests in unusable.values():
        label = model.label(owner.arn)
        yield Finding(
            kind="configuration",
            subject=owner.arn,
            label=f"key {label}" if isinstance(owner, Key) else label,
            reason=reason,
            page=page,
            requests=tuple(requests),
        )


def _unusable(model: AccessModel, request: Request) -> Iterator[tuple[Owner, Reason, str]]:
    """Yield the roles, keys and buckets Personalize can't use, the reasons, and AWS's pages."""
    role = model.role(request.role_arn)
    if not role.exists:
        taken = f"{role.namesake} has its name: give that to the next job, or a new dataset group"
        mend = taken if role.namesake else _OTHER_ROLE
        yield role, Reason.of(Cause.ROLE_ABSENT, mend=mend), IMPORT_PAGE
    elif same(role.account, request.account) is Answer.NO:
        yield role, Reason.of(Cause.ROLE_OF_ANOTHER_ACCOUNT, account=request.account), IMPORT_PAGE
    for arn in model.keys_of(request):
        key = model.key(arn)
        for reason in _unusable_key(key, request):
            yield key, reason, KEY_STATE_PAGE if reason.cause is Cause.KEY_STATE else KMS_PAGE
    for arn in dict.fromkeys([location.bucket_arn for location in request.locations]):
        bucket = model.bucket(arn, request.account)
        if not bucket.exists:
            yield bucket, Reason.of(Cause.BUCKET_ABSENT), IMPORT_PAGE
        elif bucket.region and same(bucket.region, request.region) is Answer.NO:
            regions = {"bucket_region": bucket.region, "region": request.region}
            yield bucket, Reason(Cause.BUCKET_REGION, regions), IMPORT_PAGE


def _unusable_key(key: Key, request: Request) -> Iterator[Reason]:
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
        until = f", and KMS deletes it on {key.deleted_on}" if key.deleted_on else ""
        mend = _MENDS.get(key.state, "enable it")
        yield Reason.of(Cause.KEY_STATE, state=key.state + until, mend=mend)
    is_known = not has_unknown(key.spec + key.usage)
    if is_known and (key.spec, key.usage) != ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"):
        yield Reason.of(Cause.KEY_SPEC, spec=key.spec, usage=key.usage)
    if parts and parts[2] == "kms" and same(parts[3], request.region) is Answer.NO:
        yield Reason.of(Cause.KEY_REGION, key_region=parts[3], region=request.region)


def ordering_problems(model: AccessModel, decisions: Iterable[DecidedNeed]) -> Iterator[Finding]:
    """Yield the policies needed by a resource of a template, but perhaps created after it.

    It is a warning if a part of the key's policy, or an IAM policy of the role, can't be seen: this
    part may allow the same. A policy that only limits, as a boundary does, makes no difference.
    """
    early: dict[tuple[Request, Policy], list[Need]] = {}
    for need, _, decision in decisions:
        if decision.answer is Answer.NO:
            continue
        for request in need.requests:
            for alternatives in decision.waits_for:
                if not _is_one_there_before(request, alternatives):
                    early.setdefault((request, alternatives[0].policy), []).append(need)
    has_ours = any(request.ours for request in model.requests)
    mend = _WAIT_FOR_OURS if has_ours else "add a DependsOn on that policy"
    for (request, policy), early_needs in early.items():
        actions = tuple(dict.fromkeys([need.action for need in early_needs]))
        reason = Reason.of(Cause.NOT_WAITED_FOR, before=policy.name, actions=actions, mend=mend)
        yield Finding(
            kind="ordering",
            subject=request.label,
            reason=reason,
            page=request.permissions.page_of(early_needs[0].action),
            requests=(request,),
            waits_for=declared_of([policy]),
            is_warning=any(_may_be_allowed_elsewhere(model, need, policy) for need in early_needs),
        )


def _is_one_there_before(request: Request, alternatives: tuple[PolicyStatement, ...]) -> bool:
    if request.waits_for is None:
        return True
    for statement in alternatives:
        declared = statement.policy.declared
        if declared is None or declared in request.waits_for:
            return True
    return False


def _may_be_allowed_elsewhere(model: AccessModel, need: Need, policy: Policy) -> bool:
    key, role = model.keys.get(need.owner_arn), need.role
    is_in_iam = role is not None and bool(role.unseen) and policy in role.identity
    return is_in_iam or (key is not None and bool(key.unseen))
