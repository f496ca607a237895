"""Calls that Personalize makes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..matrix import SERVICE_PRINCIPAL
from .call_keys import ABSENT, TRUST_ACTION, keys_of
from .conditions import Context
from .model import Asked, Bucket, Key, Role
from .values import split_arn, unknown


@dataclass(frozen=True, eq=False)
class Caller:
    """The service role, or Personalize itself. Statements remember what they are to it."""

    arn: str
    """The ARN of the role, or the service principal."""
    account: str
    """The account that Personalize works for."""
    region: str
    is_service: bool = False
    unique_id: str = ""

    @property
    def kind(self) -> str:
        """``"role"`` or ``"service"``."""
        return "service" if self.is_service else "role"


def service(asked: Asked) -> Caller:
    """Return Personalize, at work for this account and Region."""
    return Caller(SERVICE_PRINCIPAL, asked.account, asked.region, is_service=True)


def role(asked: Asked, role: Role) -> Caller:
    """Return the role, at work for this account and Region."""
    return Caller(role.arn, role.account, asked.region, unique_id=role.unique_id)


@dataclass(eq=False)
class Call:
    """One call, as IAM sees it."""

    caller: Caller
    action: str
    resource: str
    resource_account: str
    resource_region: str

    @cached_property
    def context(self) -> Context:
        """Its condition keys."""
        caller = self.caller
        found = dict(keys_of(self.action, caller.is_service))
        found["aws:requestedregion"] = (self.resource_region,)
        if self.action.startswith(("kms:", "s3:")):
            found["aws:resourceaccount"] = (self.resource_account,)
        if self.action.startswith("s3:"):
            found["s3:resourceaccount"] = (self.resource_account,)
        if not caller.is_service:
            found["aws:principalarn"] = (caller.arn,)
            found["aws:principalaccount"] = (caller.account,)
            if self.action.startswith("kms:"):
                found["kms:calleraccount"] = (caller.account,)
            return found
        partition = (split_arn(self.resource) or ("", unknown("partition")))[1]
        source_arn = f"arn:{partition}:personalize:{caller.region}:{caller.account}:*"
        # Documented for the trust policy; for KMS and S3 it isn't known whether Personalize sends them.
        maybe_absent = () if self.action == TRUST_ACTION else ABSENT
        found["aws:principalservicename"] = (caller.arn,)
        found["aws:sourceaccount"] = (*maybe_absent, caller.account)
        found["aws:sourcearn"] = (*maybe_absent, source_arn)
        return found


def on_key(caller: Caller, action: str, key: Key) -> Call:
    """Return a call of KMS."""
    parts = split_arn(key.arn)
    region = parts[3] if parts else unknown(f"Region of {key.arn}")
    return Call(caller, action, key.arn, key.account, region)


def on_bucket(caller: Caller, action: str, resource: str, bucket: Bucket) -> Call:
    """Return a call of S3; the bucket has to be in the Region that Personalize is called in."""
    return Call(caller, action, resource, bucket.account, caller.region)


def assume_role(caller: Caller, role: Role) -> Call:
    """Return the call by which Personalize becomes the role."""
    return Call(caller, TRUST_ACTION, role.arn, role.account, caller.region)
