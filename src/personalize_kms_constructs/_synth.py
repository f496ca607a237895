"""The end of a construct: at synth it leaves metadata for the judge, and warnings.

It checks nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, cast

import jsii
from aws_cdk import CfnResource, TagManager
from constructs import Construct, IValidation, Node

from personalize_kms_check._shared.address import page_at
from personalize_kms_check._shared.values import name_of, of_any_partition

from ._expressions import parts_of
from ._grant.paths import PATTERN, output_below_input
from ._grant.place import Place
from ._grant.role import is_lookup_dummy, is_nameless
from ._grant.targets import BucketTarget, KeyTarget, PolicyTarget
from ._grant.wiring import Wiring
from ._judge.registration import bring_judge, is_judged
from ._metadata import Creation, leave_resources, pending_actions
from ._pasted import known_values, part_of, placeholders, readable, with_placeholders
from ._pending_files import ACKNOWLEDGE, file_to_complete, policy_files, write_files
from ._tokens import TOKEN, is_token
from ._warnings import warn
from .locations import S3Location
from .resources import PersonalizeResource

_MESSAGES = {
    "key": ("pendingKeyPolicy", "Personalize has no access to key {arn} yet"),
    "bucket": ("pendingBucketPolicy", "Personalize has no access to bucket {arn} yet"),
    "role": ("pendingRolePolicy", "role {arn} lacks permissions"),
    "caller": ("pendingCallerPolicy", "role {arn} can't create resources of Personalize yet"),
}
_MANAGED = "- pass imported_key_policy=ImportedKeyPolicy.MANAGED, and the deployment adds them"
_UNKNOWN_KEY = "- if a KMS key encrypts it, pass that as S3Location(…, encryption_key=…)"
_NAME_A_COPY = (
    "Once they are there, name a copy of the policy in cdk.json, and this warning ends: "
    f"{page_at('how-to/imported-key.md')}"
)

Message = tuple[str, str]
"""The id and the text of a warning."""


@dataclass
class Inventory:
    """Things made by a construct besides policies, for warnings at synth."""

    retained: list[str] = field(default_factory=list)
    """The ids of resources to retain when they are removed from the stack, as paths have them."""
    tagged: list[tuple[CfnResource, Mapping[str, str]]] = field(default_factory=list)
    """Resources out of reach of the app's tags, with their own tags."""
    imported: list[S3Location] = field(default_factory=list)
    """The sources of import jobs whose names are made from the prefix."""
    granted: list[PersonalizeResource] = field(default_factory=list)
    """Resources callers may create."""
    immutable_callers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """The statements for callers with immutable roles, by the ARNs of the roles."""


class _Addition(NamedTuple):
    """Statements for the policy of others, as its owner can paste them."""

    kind: str
    arn: str
    statements: Any
    target: PolicyTarget | None = None
    """None for a caller's, which isn't Personalize's."""


@jsii.implements(IValidation)
class AtSynth:
    """Leaves the metadata and the warnings of a construct.

    It does so at the end of the synth, when no later call and no aspect can change anything.
    """

    def __init__(
        self, scope: Construct, node: Node, here: Place, wiring: Wiring, inventory: Inventory
    ) -> None:
        self._scope = scope
        self._node = node
        self._here = here
        self._wiring = wiring
        self._inventory = inventory

    def validate(self) -> list[str]:
        """Return values that are patterns. The judge finds all other problems, if it is on."""
        bring_judge(self._here.root)
        additions = self._additions()
        paths = write_files(self._scope, self._here, [pending[:3] for pending in additions])
        # The judge compares the file of such a key or bucket.
        is_compared = bool(additions) and is_judged(self._here.root)
        named = policy_files(self._here.root) if is_compared else {}
        files: dict[PolicyTarget | None, str] = {}
        warnings = []
        for pending, path in zip(additions, paths, strict=True):
            files[pending.target] = path
            if not isinstance(named, Mapping) or not name_of(pending.arn, named):
                warnings.append(self._pending_warning(pending, path, is_compared=is_compared))
        warnings += self._other_warnings()
        if not self._wiring.is_synthesized:
            self._leave_metadata(files)
        self._wiring.end()
        for warning_id, text in warnings:
            warn(self._scope, warning_id, text)
        return list(self._pattern_problems())

    def _pattern_problems(self) -> Iterator[str]:
        """Explain that something has brought a pattern into a statement since the construction."""
        for text in dict.fromkeys(self._given_values()):
            parts = parts_of(self._here.stack.resolve(text)) if is_token(text) else ()
            if any(isinstance(part, str) and PATTERN.search(part) for part in parts):
                value = with_placeholders(text, self._here.stack)
                yield (
                    f"{value!r} in a policy would be a pattern, with '*', '?' or '${{' brought in "
                    "by a Lazy, an aspect or an override: pass values without them"
                )

    def _given_values(self) -> Iterator[str]:
        """Yield what the statements have from the app: prefixes, other ARNs, the role's name."""
        for location in self._wiring.locations:
            yield location.prefix
        for target in self._wiring.targets:
            if target.kind != "role" and not target.is_of_this_app:
                yield target.arn
            for statement in target.statements:
                yield from (statement.condition or {}).get("ArnEquals", {}).values()

    @property
    def _pending(self) -> list[PolicyTarget]:
        """The policies others must change. The judge checks the policies of this app."""
        pending = []
        for target in self._wiring.targets:
            if target.is_pending and not target.is_of_this_app:
                pending.append(target)
        return pending

    def _leave_metadata(self, files: Mapping[PolicyTarget | None, str]) -> None:
        role, key = self._wiring.role, self._wiring.encryption_key
        made_in = {role.arn: role.stack, key.arn: key.stack}
        for location in self._wiring.locations:
            made_in[location.bucket.arn] = location.bucket.stack
        own_arns = [arn for arn, stack in made_in.items() if stack is self._here.stack]
        pending = []
        for target in self._pending:
            actions: set[str] = set()
            for statement in target.statements:
                actions.update(statement.actions)
            pending.append(pending_actions(target.kind, target.arn, actions, files.get(target)))
        resources = self._wiring.allowed.values()
        retained = self._inventory.retained
        creation = Creation(
            role.arn, key.arn, resources, pending, own_arns=own_arns, retained=retained
        )
        leave_resources(self._node, self._here, creation)

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
        for resource, resolved in self._wiring.allowed.items():
            if resource not in self._wiring.of_jobs:
                yield from output_below_input(resolved)
        yield from self._tag_warnings()

    def _granted_warnings(self) -> Iterator[Message]:
        """Warn of resources for which a caller has permissions, but Personalize has none."""
        allowed = {resource.row for resource in self._wiring.allowed.values()}
        granted = {resource.permissions: None for resource in self._inventory.granted}
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
        """Warn of sources that look like folders, without a final slash: most files have a dot."""
        for resource in self._wiring.allowed.values():
            source = resource.source
            last = "" if source is None else source.prefix.rpartition("/")[2]
            if source is None or not last or "." in last or is_token(last):
                continue
            prefix, keep = TOKEN.sub("…", source.prefix), ""
            if source.location in self._inventory.imported:
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

    def _tag_warnings(self) -> Iterator[Message]:
        without: dict[str, list[str]] = {}
        for resource, tags in self._inventory.tagged:
            of_app = cast("TagManager", TagManager.of(resource)).tag_values()
            dropped = sorted(key for key, value in of_app.items() if tags.get(key) != value)
            if dropped:
                without.setdefault(", ".join(dropped), []).append(resource.node.id)
        for names, resources in without.items():
            yield (
                "droppedTags",
                f"the tags {names} of the app don't reach {', '.join(resources)}, whose tags "
                "can't be changed later: pass the tags for these as tags={…} from the start, or "
                "keep the aspect that adds them (Tags.of: exclude_resource_types) from these",
            )

    def _additions(self) -> list[_Addition]:
        """A role to be looked up, or without a name, has no ARN to write: the CDK sees to it."""
        key_arn, role_arn = self._wiring.encryption_key.arn, self._wiring.role.arn
        if is_lookup_dummy(role_arn) or is_nameless(role_arn):
            return []
        pending, callers = self._pending, self._inventory.immutable_callers
        if not pending and not callers:
            return []
        stack = self._here.stack
        arns = [target.arn for target in self._wiring.targets]
        known = known_values(self._here, key_arn=key_arn, role_arn=role_arn, arns=arns)
        pasted = partial(readable, stack=stack, known=known)
        additions = []
        for target in pending:
            statements = pasted([statement.to_json() for statement in target.statements])
            additions.append(_Addition(target.kind, pasted(target.arn), statements, target))
        for arn, needed in callers.items():
            additions.append(_Addition("caller", pasted(arn), pasted(needed)))
        return additions

    def _pending_warning(self, pending: _Addition, path: str, *, is_compared: bool) -> Message:
        """Say what is wrong, what to do about it, and how the warning ends: four lines at most."""
        warning_id, wrong = _MESSAGES[pending.kind]
        account, target = part_of(pending.arn, 4), pending.target
        is_of_another = self._wiring.role.is_of_another_account_than
        if isinstance(target, BucketTarget) and is_of_another(target.bucket.account):
            account = target.bucket.account
        owner = f", account {account}," if account.isdecimal() else ""
        file = file_to_complete(self._here.root, path, pending.statements)
        wrong, way = wrong.format(arn=pending.arn), f"attach the policy in {file} to the role"
        more, end = "", ACKNOWLEDGE
        if isinstance(target, (KeyTarget, BucketTarget)):
            way = f"add the statements in {file} to the {target.kind} policy"
            if is_compared and not placeholders(of_any_partition(pending.arn)):
                end = _NAME_A_COPY
        if isinstance(target, KeyTarget) and not is_of_another(target.key.account):
            wrong, more = f"{wrong}. Do one of these", _MANAGED
        elif isinstance(target, BucketTarget):
            places = self._wiring.locations
            without_key = {place.bucket.identity for place in places if place.key is None}
            more = _UNKNOWN_KEY if target.bucket.identity in without_key else ""
        lines = [f"{wrong}:", f"- have its owner{owner} {way}", more, end]
        return warning_id, "\n".join(filter(None, lines))
