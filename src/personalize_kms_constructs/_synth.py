"""The end of a construct: at synth it leaves metadata for the judge, and warnings.

It checks nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import jsii
from aws_cdk import CfnDeletionPolicy, CfnResource, TagManager
from constructs import Construct, IValidation

from personalize_kms_check._address import page_at
from personalize_kms_check._values import of_any_partition

from ._grant.place import Place
from ._grant.role import is_lookup_dummy, is_nameless
from ._grant.targets import BucketTarget, KeyTarget, PolicyKind, PolicyTarget
from ._grant.wiring import Wiring
from ._judge.policy_files import policy_files
from ._judge.registration import bring_judge
from ._metadata import Creation, leave_resources, pending_actions
from ._pasted import known_values, part_of, readable, replacements
from ._pending_files import write_files
from ._tokens import TOKEN, is_token
from ._warnings import warn
from .locations import S3Location
from .resources import PersonalizeResource

_MESSAGES: dict[PolicyKind, tuple[str, str]] = {
    "key": (
        "pendingKeyPolicy",
        "the policy of key {arn} is not managed by this app, so Personalize has no access to the "
        "key until its owner adds these statements to the key policy",
    ),
    "bucket": (
        "pendingBucketPolicy",
        "bucket {arn} is imported, so Personalize has no access to its objects until its owner "
        "adds these statements to the bucket policy",
    ),
    "role": (
        "pendingRolePolicy",
        "role {arn} is immutable in this app, so it lacks permissions until its owner adds these "
        "statements to an IAM policy of the role",
    ),
}
_OWNERS: dict[PolicyKind, str] = {
    "key": "the owner of the key{account} adds them to the statements that the key policy has",
    "bucket": (
        "the owner of the bucket{account} adds them to the statements that the bucket policy has"
    ),
    "role": (
        "the owner of the role{account} adds them to a policy of the role, or makes one of the file"
    ),
}
_PAGES: dict[PolicyKind, str] = {
    "key": "how-to/imported-key.md",
    "bucket": "how-to/several-keys.md",
    "role": "how-to/existing-role.md",
}
_MANAGED = "or this app adds them at deployment: imported_key_policy=ImportedKeyPolicy.MANAGED"
_UNKNOWN_KEY = (
    "if a KMS key encrypts the objects, its policy needs statements too: pass the key, as "
    "S3Location(…, encryption_key=…)"
)
_UNKNOWN_ACCOUNT = (
    "it isn't known if bucket and role belong to one account: if they do, the statements for the "
    "role can be left out"
)


Message = tuple[str, str]
"""The id and the text of a warning."""


@dataclass
class Made:
    """Things that a construct makes besides policies, and that warnings at synth mention."""

    retained: dict[str, CfnResource] = field(default_factory=dict)
    """Resources that stay when they are removed from the stack, by their names in messages."""
    tagged: list[tuple[CfnResource, Mapping[str, str]]] = field(default_factory=list)
    """Resources that the app's tags don't reach, with their own tags."""
    imported: list[S3Location] = field(default_factory=list)
    """The sources of import jobs whose names are made from the prefix."""
    granted: list[PersonalizeResource] = field(default_factory=list)
    """Resources that callers may create."""
    rules: list[str] = field(default_factory=list)
    """The ids of the rules on calls that could take away access to the keys."""


class _Pasteable(NamedTuple):
    """A policy of others, as its owner can paste it."""

    policy: PolicyTarget
    arn: str
    statements: Any


@jsii.implements(IValidation)
class AtSynth:
    """Leaves the metadata and the warnings of a construct.

    That is at the end of the synth, when no later call and no aspect can change anything.
    """

    def __init__(self, scope: Construct, here: Place, wiring: Wiring, made: Made) -> None:
        self._scope = scope
        self._here = here
        self._wiring = wiring
        self._made = made

    def validate(self) -> list[str]:
        """Return no problems: the judge finds them in the templates."""
        bring_judge(self._here.root)
        pasteable = self._pasteable()
        contents = [(policy.kind, arn, statements) for policy, arn, statements in pasteable]
        paths = write_files(self._scope, self._here, contents)
        told = set(map(of_any_partition, policy_files(self._here.root)))
        warnings = []
        for pending, path in zip(pasteable, paths, strict=True):
            # The judge compares the file of such a key or bucket.
            if of_any_partition(pending.arn) not in told:
                warnings.append(self._pending_warning(pending, path))
        warnings += self._other_warnings()
        if not self._wiring.is_synthesized:
            files: dict[PolicyTarget, str] = {}
            for (policy, _, _), path in zip(pasteable, paths, strict=True):
                files[policy] = path
            self._leave_metadata(files)
        self._wiring.is_synthesized = True
        for warning_id, text in warnings:
            warn(self._scope, warning_id, text)
        return []

    @property
    def _pending(self) -> list[PolicyTarget]:
        """The policies that others must change. The judge checks the policies of this app."""
        pending = []
        for policy in self._wiring.policies:
            if policy.is_pending and not policy.is_of_this_app:
                pending.append(policy)
        return pending

    def _leave_metadata(self, files: Mapping[PolicyTarget, str]) -> None:
        """Leave the allowed resources and the pending actions for the judge."""
        role_arn, key_arn = self._wiring.role.arn, self._wiring.encryption_key.arn
        pending = []
        for policy in self._pending:
            actions: set[str] = set()
            for statement in policy.statements:
                actions.update(statement.actions)
            pending.append(pending_actions(policy.kind, policy.arn, actions, files.get(policy)))
        resources, own_arns = self._wiring.allowed.values(), self._own_arns()
        creation = Creation(role_arn, key_arn, resources, pending, own_arns=own_arns)
        leave_resources(self._scope, self._here, creation)

    def _own_arns(self) -> set[str]:
        """Return the ARNs of the role, the key and the buckets that this stack makes."""
        role, key = self._wiring.role, self._wiring.encryption_key
        made_in = {role.arn: role.stack, key.arn: key.stack}
        for location in self._wiring.locations:
            made_in[location.bucket.arn] = location.bucket.stack
        return {arn for arn, stack in made_in.items() if stack is self._here.stack}

    def _other_warnings(self) -> Iterator[Message]:
        if not self._wiring.allowed:
            yield (
                "nothingAllowed",
                "this PersonalizeEncryption grants nothing yet: list what Personalize will "
                "create, in resources=[PersonalizeResource.dataset_group()] or allow(…), and make "
                "your own dataset groups wait, with node.add_dependency(encryption.permissions)",
            )
        yield from self._granted_warnings()
        yield from self._unknown_encryption_warnings()
        yield from self._open_prefix_warnings()
        yield from self._retained_warnings()
        yield from self._tag_warnings()
        yield from self._rule_warnings()

    def _granted_warnings(self) -> Iterator[Message]:
        """Warn of resources that callers may create, but that nothing allows Personalize."""
        allowed = {resource.row for resource in self._wiring.allowed.values()}
        granted = {resource.permissions: None for resource in self._made.granted}
        for row in granted:
            if row not in allowed:
                name = row.resource.replace(" ", "_")
                yield (
                    "grantedButNotAllowed",
                    f"a caller may create a {row.resource} by grant_create, but Personalize and "
                    "the role lack the permissions for it: allow it too, as "
                    f"allow(PersonalizeResource.{name}(…))",
                )

    def _unknown_encryption_warnings(self) -> Iterator[Message]:
        for location in self._wiring.locations:
            if location.is_key_unknown:
                yield (
                    "unknownBucketEncryption",
                    f"the encryption of bucket {location.bucket} depends on a condition or a "
                    "parameter, so its key isn't known at synth: pass the key that it may have, as "
                    "S3Location(…, encryption_key=…)",
                )

    def _open_prefix_warnings(self) -> Iterator[Message]:
        """Warn of sources that look like folders without a final slash: most files have a dot."""
        for resource in self._wiring.allowed.values():
            source = resource.source
            last = "" if source is None else source.prefix.rpartition("/")[2]
            if source is None or not last or "." in last or is_token(last):
                continue
            prefix, keep = TOKEN.sub("…", source.prefix), ""
            if source.location in self._made.imported:
                keep = (
                    ", and if the dataset is deployed, pass import_job_name= the present name, or "
                    "its data is replaced"
                )
            yield (
                "openPrefix",
                f"the source {prefix!r} of bucket {source.bucket} also allows "
                f"{prefix + '-private/'!r} and everything else that begins with it: if it is a "
                f"folder, end it in /, as {prefix + '/'!r}{keep}",
            )

    def _retained_warnings(self) -> Iterator[Message]:
        for name, resource in self._made.retained.items():
            if resource.cfn_options.deletion_policy is CfnDeletionPolicy.DELETE:
                yield (
                    "retainedResourceIsDeleted",
                    f"{name} should be retained, but something in the app "
                    "(RemovalPolicies.of(…).destroy(), an aspect) deletes it with the stack, and "
                    "with it the access to all encrypted data: exclude it there, or set "
                    "removal_policy=RemovalPolicy.DESTROY",
                )

    def _tag_warnings(self) -> Iterator[Message]:
        for dropped, resources in self._without_tags().items():
            yield (
                "droppedTags",
                f"the tags {dropped} of the app (Tags.of) don't reach {', '.join(resources)}, "
                "whose tags can't be changed later: pass the tags for these as tags={…} from the "
                "start, or leave these out with exclude_resource_types",
            )

    def _without_tags(self) -> dict[str, list[str]]:
        """Return the app's tags that don't reach some resources, with the ids of these."""
        without: dict[str, list[str]] = {}
        for resource, tags in self._made.tagged:
            of_app = cast("TagManager", TagManager.of(resource)).tag_values()
            dropped = sorted(key for key, value in of_app.items() if tags.get(key) != value)
            if dropped:
                without.setdefault(", ".join(dropped), []).append(resource.node.id)
        return without

    def _rule_warnings(self) -> Iterator[Message]:
        role = self._wiring.role
        foreign = [key for key in self._wiring.keys if role.is_of_another_account_than(key.account)]
        for rule in self._made.rules:
            for key in foreign:
                yield (
                    "keyOfAnotherAccount",
                    f"the rule {rule} sees only the calls of account {self._here.account}, but key "
                    f"{key} belongs to account {key.account}, and calls that revoke access to it "
                    "are made there: add the rule there, too",
                )

    def _pasteable(self) -> list[_Pasteable]:
        """Return the pending policies as JSON that their owners can paste.

        A role that is yet to be looked up, or has no name yet, has no ARN to write: the CDK looks
        it up, or reports an error.
        """
        key_arn, role_arn = self._wiring.encryption_key.arn, self._wiring.role.arn
        if is_lookup_dummy(role_arn) or is_nameless(role_arn):
            return []
        pending = [policy for policy in self._pending if not is_nameless(policy.arn)]
        if not pending:
            return []
        stack = self._here.stack
        arns = [policy.arn for policy in self._wiring.policies]
        known = known_values(self._here, key_arn=key_arn, role_arn=role_arn, arns=arns)
        pasteable = []
        for policy in pending:
            statements = [statement.to_json() for statement in policy.statements]
            arn = readable(policy.arn, stack, known)
            pasteable.append(_Pasteable(policy, arn, readable(statements, stack, known)))
        return pasteable

    def _pending_warning(self, pasteable: _Pasteable, path: str) -> Message:
        """Return the warning with the statements that an owner must add."""
        policy, arn, statements = pasteable
        text = json.dumps(statements, indent=2)
        warning_id, message = _MESSAGES[policy.kind]
        lines = [
            f"{message.format(arn=arn)}:",
            text,
            f"- {_OWNERS[policy.kind].format(account=_of_account(arn))}",
            f"- the same as a policy: {path}, in the folder of the synth (cdk.out)",
        ]
        if left := replacements(text):
            lines.append(f"- replace {left}")
        lines += [f"- {way_out}" for way_out in self._ways_out(policy)]
        lines.append(f"- more: {page_at(_PAGES[policy.kind])}")
        return warning_id, "\n".join(lines)

    def _ways_out(self, policy: PolicyTarget) -> Iterator[str]:
        is_of_another = self._wiring.role.is_of_another_account_than
        if isinstance(policy, KeyTarget) and not is_of_another(policy.key.account):
            yield _MANAGED
        if isinstance(policy, BucketTarget):
            identity = policy.bucket.identity
            for location in self._wiring.locations:
                if location.bucket.identity == identity and location.key is None:
                    yield _UNKNOWN_KEY
                    break
            names_role = any(
                "AWS" in (statement.principal or {}) for statement in policy.statements
            )
            if names_role and not is_of_another(policy.bucket.account):
                yield _UNKNOWN_ACCOUNT


def _of_account(arn: str) -> str:
    account = part_of(arn, 4)
    return f", account {account}," if account.isdecimal() else ""
