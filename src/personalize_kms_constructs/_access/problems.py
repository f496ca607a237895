"""Problems that no statement mends: trust, keys that can't work, and roles of another account."""

from __future__ import annotations

from collections.abc import Iterator

from ..matrix import KMS_PAGE, SERVICE_PRINCIPAL
from . import decision
from .answers import Answer
from .calls import service
from .entries import Undecided
from .model import AccessModel, Asked, Key, Problem
from .needs import conditions_of, location_key
from .values import has_unknown, same, split_arn

TRUST_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html"
S3_GUIDE = "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html"
AWS_MANAGED_KEY = "alias/aws/s3"

# https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
_MENDS = {
    "Creating": "wait until KMS has made it",
    "Updating": "wait until KMS has changed its primary Region",
    "PendingDeletion": "cancel its deletion, and enable it, before everything that it encrypts is lost",
    "PendingReplicaDeletion": "cancel its deletion, and enable it, before everything that it encrypts is lost",
    "PendingImport": "import its key material",
    "Unavailable": "connect its custom key store",
}


def trust_findings(model: AccessModel) -> Iterator[Problem | Undecided]:
    """Yield the roles that Personalize can't assume, and those where this can't be seen."""
    asked_with: dict[tuple[str, str, str], list[Asked]] = {}
    for asked in model.asked:
        asked_with.setdefault((asked.role_arn, asked.account, asked.region), []).append(asked)
    for (arn, _, _), asks in asked_with.items():
        role = model.role(arn)
        found = decision.trust(service(asks[0]), role, only_if=conditions_of(asks))
        needed_by = sorted({str(asked) for asked in asks})
        if found.answer is Answer.NO:
            step = f"let {SERVICE_PRINCIPAL} do sts:AssumeRole in its trust policy"
            if found.final:
                step = f"take the denial out of its trust policy, or except {SERVICE_PRINCIPAL} from it"
            reason = f"doesn't trust Personalize, which has to assume it ({found.because}): {step}"
            yield Problem(
                "trust",
                f"{model.label(arn)} {reason}",
                ", ".join(needed_by),
                role.declared,
                TRUST_PAGE,
                about=arn,
                reason=reason,
                denied=found.final,
            )
        elif found.answer is Answer.MAYBE:
            yield Undecided(
                "service", SERVICE_PRINCIPAL, "sts:AssumeRole", arn, "trust", arn, needed_by, TRUST_PAGE, found.because
            )


def configuration_problems(model: AccessModel) -> Iterator[Problem]:
    """Yield keys and roles that Personalize can't work with, whatever the policies say."""
    for asked in model.asked:
        if same(model.role(asked.role_arn).account, asked.account) is Answer.NO:
            reason = (
                f"has a role of another account, {model.label(asked.role_arn)}, which Personalize doesn't take"
                f": use a role of account {asked.account}"
            )
            yield _problem(asked, f"{asked} {reason}", S3_GUIDE, asked.role_arn, reason)
        keys = [("the dataset group's key", asked.dataset_group_key)]
        for what, location in (("source", asked.source), ("destination", asked.destination)):
            if location is not None:
                keys.append((f"the key of its {what}", location_key(model, asked, location)))
        for what, arn in keys:
            if arn is not None:
                for reason in _unusable(model.key(arn), asked):
                    message = f"{asked}: {what}, {model.label(arn)}, {reason}"
                    yield _problem(asked, message, KMS_PAGE, arn, reason)


def _unusable(key: Key, asked: Asked) -> Iterator[str]:
    parts = split_arn(key.arn)
    if key.arn.endswith(AWS_MANAGED_KEY):
        yield "is AWS's own key aws/s3, whose policy can't let Personalize in: encrypt the bucket with a key of yours"
        return
    if parts and parts[5].startswith("alias/"):
        yield "is an alias, and Personalize takes the ARN of a key alone: give the key's ARN"
        return
    if parts is None and not has_unknown(key.arn):
        yield "is no ARN, and Personalize takes nothing else: give the key's ARN"
        return
    if key.state != "Enabled":
        yield f"is {key.state}: {_MENDS.get(key.state, 'enable it')}"
    known = not has_unknown(key.spec + key.usage)
    if known and (key.spec, key.usage) != ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"):
        yield (
            f"is {key.spec} for {key.usage}, and Personalize needs a symmetric encryption key, SYMMETRIC_DEFAULT for "
            "ENCRYPT_DECRYPT: use another key"
        )
    if parts and same(parts[3], asked.region) is Answer.NO:
        yield f"is in {parts[3]}, and Personalize works in {asked.region}: use a key of that Region"


def _problem(asked: Asked, message: str, page: str, about: str, reason: str) -> Problem:
    return Problem("configuration", message, str(asked), asked.declared, page, about, reason)
