"""The end of a construct: at synth it leaves metadata for the judge, and warnings.

It judges nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import cast

import jsii
from aws_cdk import CfnDeletionPolicy, CfnResource, TagManager
from constructs import Construct, IValidation

from ._address import page_at
from ._grant.place import Place
from ._grant.resolved import ResolvedLocation, ResolvedResource
from ._grant.role import is_lookup_dummy, is_nameless
from ._grant.targets import BucketTarget, KeyTarget, PolicyKind, PolicyTarget
from ._grant.wiring import Wiring
from ._judge.registration import bring_judge
from ._metadata import Described, DescribedLocation, leave_resources
from ._pasted import known_values, part_of, readable, replacements
from ._pending_files import write_files
from ._tokens import TOKEN, is_token
from ._warnings import warn
from .locations import S3Location

_MESSAGES: dict[PolicyKind, tuple[str, str]] = {
    "key": (
        "pendingKeyPolicy",
        "the policy of key {arn} is not managed by this app, so Personalize has no access to the "
        "key until its owner adds these statements to the key policy",
    ),
    "bucket": (
        "pendingBucketPolicy",
        "the policy of bucket {arn}, which is imported, is not written here, so Personalize has "
        "no access to its objects until its owner adds these statements to the bucket policy",
    ),
    "role": (
        "pendingRolePolicy",
        "role {arn} is immutable in this app, so it lacks permissions until its owner adds these "
        "statements to an IAM policy of the role",
    ),
}
_OWNERS: dict[PolicyKind, str] = {
    "key": "the owner of the key{account} adds them to the statements that the key policy has",
    "bucket": "the owner of the bucket{account} adds them to the statements that the bucket policy has",
    "role": "the owner of the role{account} adds them to a policy of the role, or makes one of the file",
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
_UNKNOWN_ACCOUNT = "it isn't known if bucket and role belong to one account: if they do, the statements for the role can be left out"


@dataclass
class Made:
    """Things that a construct makes besides policies, of which warnings at synth speak."""

    retained: dict[str, CfnResource] = field(default_factory=dict)
    """What should stay when it is removed, by what messages call it."""
    tagged: list[tuple[CfnResource, Mapping[str, str]]] = field(default_factory=list)
    """What no tags of the app reach, with the tags of its own."""
    imported: list[S3Location] = field(default_factory=list)
    """The sources of the import jobs of datasets whose names follow their prefixes."""
    rules: list[str] = field(default_factory=list)
    """The ids of the rules on calls that could take away access to the keys."""


@jsii.implements(IValidation)
class AtSynth:
    """Leaves the metadata and the warnings of one construct, when no later call and no aspect can change anything."""

    def __init__(self, scope: Construct, here: Place, wiring: Wiring, made: Made) -> None:
        self._scope = scope
        self._here = here
        self._wiring = wiring
        self._made = made
        self._files: dict[tuple[str, str], str] = {}
        """The files with pending statements, by kind and ARN of the policy."""

    def validate(self) -> list[str]:
        """Return no problems: the judge finds them in the templates."""
        bring_judge(self._here.root)
        warnings = list(self._warnings())
        if not self._wiring.is_synthesized:
            self._leave_metadata()
        self._wiring.is_synthesized = True
        for warning_id, text in warnings:
            warn(self._scope, warning_id, text)
        return []

    @property
    def _pending(self) -> list[PolicyTarget]:
        """The policies that others have to change; what those of this app lack, the judge sees."""
        return [each for each in self._wiring.policies if each.pending and not each.is_of_this_app]

    def _leave_metadata(self) -> None:
        """Leave what is allowed, and what is pending, for the judge."""
        wiring, stack = self._wiring, self._here.stack
        made = [(each.arn, each.stack) for each in (wiring.role, wiring.encryption_key)]
        made += [(each.bucket.arn, each.bucket.stack) for each in wiring.locations]
        leave_resources(
            self._scope,
            self._here,
            service_role=wiring.role.arn,
            encryption_key=wiring.encryption_key.arn,
            resources=[described_resource(each, self._here) for each in wiring.allowed.values()],
            pending=[
                (
                    policy.kind,
                    policy.arn,
                    {action for each in policy.statements for action in each.actions},
                )
                for policy in self._pending
            ],
            files=self._files,
            of_own_stack={arn for arn, of in made if of is stack},
        )

    def _warnings(self) -> Iterator[tuple[str, str]]:
        if not is_lookup_dummy(self._wiring.role.arn):
            # Else this synth is there for the CLI to find out what to look up, and another one
            # follows.
            yield from self._pending_warnings()
        if not self._wiring.allowed:
            yield (
                "nothingAllowed",
                "nothing is allowed, so Personalize has access to nothing by this construct: list "
                "what it will create, in resources=[PersonalizeResource.dataset_group()] or "
                "allow(…), and let dataset groups of your own wait, by "
                "node.add_dependency(encryption.permissions)",
            )
        for bucket in dict.fromkeys(
            str(each.bucket) for each in self._wiring.locations if each.is_key_unknown
        ):
            yield (
                "unknownBucketEncryption",
                f"bucket {bucket} has an encryption that is known only at deployment, by a "
                "condition or a parameter, so it isn't known which key has to allow Personalize: "
                "pass the key that it may have, as S3Location(…, encryption_key=…)",
            )
        for bucket, prefix, names_a_job in dict.fromkeys(self._open_prefixes()):
            keep = ", and if the dataset is deployed, pass import_job_name= the present name, or its data is replaced"
            yield (
                "openPrefix",
                f"the source {prefix!r} of bucket {bucket} also allows {prefix + '-private/'!r} "
                "and whatever else begins like it: if it is a folder, end it in /, as "
                f"{prefix + '/'!r}{keep if names_a_job else ''}",
            )
        for what, resource in self._made.retained.items():
            if resource.cfn_options.deletion_policy is CfnDeletionPolicy.DELETE:
                yield (
                    "retainedResourceIsDeleted",
                    f"{what} should be retained, but something in the app "
                    "(RemovalPolicies.of(…).destroy(), an aspect) has it deleted with the stack, "
                    "and with it the access to all that was encrypted: exclude it there, or set "
                    "removal_policy=RemovalPolicy.DESTROY",
                )
        for dropped, resources in self._without_tags().items():
            yield (
                "droppedTags",
                f"the tags {dropped} of the app (Tags.of) don't reach {', '.join(resources)}, "
                "whose tags can't be changed later: pass those that they should have from the "
                "start as tags={…}, or leave them out with exclude_resource_types",
            )
        role = self._wiring.role
        foreign = [
            each for each in self._wiring.keys if role.is_of_another_account_than(each.account)
        ]
        for rule, key in product(self._made.rules, foreign):
            yield (
                "keyOfAnotherAccount",
                f"the rule {rule} sees the calls of account {self._here.account} only, but key "
                f"{key} belongs to account {key.account}, where whoever could revoke access calls "
                "KMS: add the rule there, too",
            )

    def _open_prefixes(self) -> Iterator[tuple[str, str, bool]]:
        """Yield the sources that look like a folder without its slash, as they have no dot like most files."""
        for source in (
            each.source for each in self._wiring.allowed.values() if each.source is not None
        ):
            last = source.prefix.rpartition("/")[2]
            if last and "." not in last and not is_token(last):
                yield (
                    str(source.bucket),
                    TOKEN.sub("…", source.prefix),
                    source.location in self._made.imported,
                )

    def _without_tags(self) -> dict[str, list[str]]:
        """Return the tags of the app that don't reach some of the resources, with the ids of these."""
        found: dict[str, list[str]] = {}
        for resource, tags in self._made.tagged:
            of_app = cast("TagManager", TagManager.of(resource)).tag_values()
            dropped = sorted(key for key, value in of_app.items() if tags.get(key) != value)
            if dropped:
                found.setdefault(", ".join(dropped), []).append(resource.node.id)
        return found

    def _pending_warnings(self) -> Iterator[tuple[str, str]]:
        """Write a file for each policy that took no statements, and yield a warning for it."""
        pending = self._pending
        nameless = [each for each in pending if each.kind == "role" and is_nameless(each.arn)]
        for role in dict.fromkeys(map(str, nameless)):
            yield (
                "pendingRolePolicy",
                f"{role} has no name yet, so no policy can be written for it: set one in "
                "use_precreated_roles of iam.Role.customize_roles, under the path that the CDK's "
                "error says",
            )
        # Some statements would have an ARN that no role has. The CDK has told it as an error by
        # now.
        pending = [
            each
            for each in pending
            if each not in nameless and not self._names_a_nameless_role(each)
        ]
        known = {}
        if pending:
            arns = [policy.arn for policy in self._wiring.policies]
            key_arn, role_arn = self._wiring.encryption_key.arn, self._wiring.role.arn
            known = known_values(self._here, key_arn=key_arn, role_arn=role_arn, arns=arns)
        stack = self._here.stack
        found = [
            (
                policy.kind,
                readable(policy.arn, stack, known),
                readable([statement.to_json() for statement in policy.statements], stack, known),
            )
            for policy in pending
        ]
        paths = write_files(self._scope, self._here, found)
        for policy, (_, arn, statements), path in zip(pending, found, paths, strict=True):
            self._files[policy.kind, policy.arn] = path
            kind, text = policy.kind, json.dumps(statements, indent=2)
            left = replacements(text)
            warning_id, message = _MESSAGES[kind]
            owner, page = _OWNERS[kind].format(account=_of_account(arn)), _PAGES[kind]
            lines = [
                f"{message.format(arn=arn)}:",
                text,
                f"- {owner}",
                f"- the same as a policy: {path}, in the folder of the synth (cdk.out)",
                *([f"- replace {left}"] if left else []),
                *(f"- {way_out}" for way_out in self._ways_out(policy)),
                f"- more: {page_at(page)}",
            ]
            yield warning_id, "\n".join(lines)

    def _names_a_nameless_role(self, policy: PolicyTarget) -> bool:
        arn = self._wiring.role.arn
        return is_nameless(arn) and json.dumps(arn) in json.dumps(
            [each.to_json() for each in policy.statements]
        )

    def _ways_out(self, policy: PolicyTarget) -> Iterator[str]:
        if isinstance(policy, KeyTarget) and not self._wiring.role.is_of_another_account_than(
            policy.key.account
        ):
            yield _MANAGED
        if isinstance(policy, BucketTarget):
            of_bucket = [
                each
                for each in self._wiring.locations
                if each.bucket.identity == policy.bucket.identity
            ]
            if any(each.key is None for each in of_bucket):
                yield _UNKNOWN_KEY
            accounts = [each.bucket.account for each in of_bucket]
            lets_role_in = any("AWS" in (each.principal or {}) for each in policy.statements)
            if lets_role_in and not any(
                map(self._wiring.role.is_of_another_account_than, accounts)
            ):
                yield _UNKNOWN_ACCOUNT


def described_resource(resource: ResolvedResource, here: Place) -> Described:
    """Return a resource of this place for the metadata."""
    source, destination = (
        _described_location(each, here) for each in (resource.source, resource.destination)
    )
    return resource.row, source, destination


def _described_location(location: ResolvedLocation | None, here: Place) -> DescribedLocation | None:
    if location is None:
        return None
    bucket = location.bucket
    key_arn = None if location.key is None or location.key_is_in_template else location.key.arn
    is_of_another = (
        bucket.stack is None
        and bucket.account not in (here.account, "")
        and not is_token(bucket.account)
    )
    return DescribedLocation(
        bucket.arn, location.prefix, key_arn, bucket.account if is_of_another else None
    )


def _of_account(arn: str) -> str:
    account = part_of(arn, 4)
    return f", account {account}," if account.isdecimal() else ""
