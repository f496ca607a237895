"""The arguments of a construct, with the ARNs of roles, keys and buckets once deployed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, S3Location
from tests.proof.assembly import Assembly
from tests.proof.model import Deployed, Environment
from tests.proof.needs import Chosen, Place, Use

Pick = tuple[str, S3Location | None, S3Location | None]
"""The kind of a resource, its source and its destination."""


@dataclass
class Wired:
    """A construct, and the resources it was asked for."""

    encryption: PersonalizeEncryption
    picks: list[Pick]
    check: str
    made_role: bool
    key: Any
    """The encryption key as it was given, or the one that the construct made."""
    role: Any
    """The same of the service role."""


def use_of(wired: Wired, assembly: Assembly, deployed: Deployed, here: Environment) -> Use:
    """Return the requests of a construct, as the page is applied to them."""
    arns = _Arns(wired, assembly)

    def place(location: S3Location | None) -> Place | None:
        if location is None:
            return None
        given: Any = location.bucket
        bucket = arns.of(given)
        if isinstance(given, s3.CfnBucket):
            return Place(bucket, location.prefix, deployed.buckets[bucket].key)
        key: Any = location.encryption_key or arns.key_of(given)
        return Place(bucket, location.prefix, arns.of(key) if key else None)

    return Use(
        arns.in_its_stack(wired.role),
        arns.of(wired.key),
        tuple(
            Chosen(kind, place(source), place(destination))
            for kind, source, destination in wired.picks
        ),
        here,
        wired.check,
        wired.made_role,
        unsure=frozenset(arns.unsure),
    )


class _Arns:
    """The ARNs of keys, buckets and roles, asked for once: another process answers."""

    def __init__(self, wired: Wired, assembly: Assembly) -> None:
        self._assembly = assembly
        # Personalize takes no role of another account than the stack's, so both are the account of
        # the role.
        of_role = wired.encryption.service_role.principal_account
        self._accounts: Sequence[str] = [str(of_role), cdk.Stack.of(wired.encryption).account]
        self.unsure: set[str] = set()
        """The ARNs of those whose account can't be compared with the role's before deployment."""
        self.of = cache(self._of)
        self.key_of = cache(lambda bucket: bucket.encryption_key)

    def in_its_stack(self, owned: Any) -> str:
        """The ARN, as the stack that has the resource says it."""
        stack = cdk.Stack.of(owned)
        names = (
            name
            for name in ("attr_arn", "bucket_arn", "key_arn", "role_arn")
            if hasattr(owned, name)
        )
        return str(
            self._assembly.value(stack.template_file, stack.resolve(getattr(owned, next(names))))
        )

    def _of(self, owned: Any) -> str:
        arn = self.in_its_stack(owned)
        account = (
            cdk.Stack.of(owned).account if isinstance(owned, cdk.CfnResource) else owned.env.account
        )
        known = [account for account in self._accounts if not cdk.Token.is_unresolved(account)]
        if account not in self._accounts and (cdk.Token.is_unresolved(account) or not known):
            self.unsure.add(arn)
        return arn
