"""The policies that one construct writes to, each made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from constructs import Construct

from ..options import SourceAccountCheck
from .buckets import BucketPolicy
from .keys import AddStatements, KeyPolicy
from .place import Place
from .policy import Policy
from .principals import role_principal, service_principal
from .resources import BucketFacts, KeyFacts
from .role_policies import RolePolicies
from .roles import RoleFacts
from .sids import foreign_suffix


class PolicyRegistry:
    """Policies of keys and buckets by what they belong to, and those of the role."""

    def __init__(
        self,
        scope: Construct,
        path: str,
        here: Place,
        role: RoleFacts,
        *,
        source_account_check: SourceAccountCheck,
        manage: Callable[[str], AddStatements] | None,
    ) -> None:
        self.role = role
        self.of_role = RolePolicies(scope, role)
        self._path = path
        self._here = here
        self._service = service_principal(source_account_check, here)
        self._manage = manage
        self._keys: dict[str, KeyPolicy] = {}
        self._buckets: dict[str, BucketPolicy] = {}

    def __iter__(self) -> Iterator[Policy]:
        """Iterate over every policy that has statements: those of keys, of the role, of buckets."""
        policies: tuple[Policy, ...] = (*self._keys.values(), *self.of_role, *self._buckets.values())
        return (policy for policy in policies if policy.statements)

    @property
    def of_keys(self) -> list[KeyPolicy]:
        """Those of keys."""
        return [policy for policy in self._keys.values() if policy.statements]

    @property
    def of_buckets(self) -> list[BucketPolicy]:
        """Those of buckets."""
        return [policy for policy in self._buckets.values() if policy.statements]

    @property
    def resources(self) -> list[KeyFacts | BucketFacts]:
        """The keys and buckets that the policies are about."""
        return [*(policy.key for policy in self.of_keys), *(policy.bucket for policy in self.of_buckets)]

    def of_key(self, key: KeyFacts) -> KeyPolicy:
        """Return the policy of a key."""
        if key.identity not in self._keys:
            self._keys[key.identity] = KeyPolicy(
                key,
                role=role_principal(self.role, key),
                service=self._service,
                foreign_suffix=self._foreign_suffix,
                manage=self._manage,
            )
        return self._keys[key.identity]

    def of_bucket(self, bucket: BucketFacts) -> BucketPolicy:
        """Return the policy of a bucket."""
        if bucket.identity not in self._buckets:
            in_one_account = self.role.is_of_account(bucket.account)
            role = () if in_one_account else (role_principal(self.role, bucket),)
            self._buckets[bucket.identity] = BucketPolicy(
                bucket, self._here, principals=(*role, self._service), foreign_suffix=self._foreign_suffix
            )
        return self._buckets[bucket.identity]

    def attach(self) -> None:
        """Put what was collected into the app."""
        for policy in self:
            policy.attach()

    def roll_back(self) -> None:
        """Forget what was collected since it was last attached."""
        for policy in self:
            policy.roll_back()
        self.of_role.forget_empty_ones()

    def _foreign_suffix(self) -> str:
        return foreign_suffix(self._path, self._here)
