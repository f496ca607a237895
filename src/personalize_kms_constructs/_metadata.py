"""The metadata that constructs leave in the assembly for ``personalize_kms_constructs.checks``.

It is no part of a template. The CDK writes it into ``manifest.json`` or, in newer versions,
``….metadata.json``, under the construct's path. References say which template they are about, since
the metadata of all stacks nested in one another is resolved in the outermost, where a token would
lose its stack.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from aws_cdk import Reference, Stack, Tokenization
from constructs import Construct

from ._grant.place import Place
from ._metadata_type import METADATA_TYPE
from ._tokens import TOKEN
from .matrix import Permissions


class DescribedLocation(NamedTuple):
    """A location of a resource; all of it may have tokens."""

    bucket_arn: str
    prefix: str
    key_arn: str | None = None
    """The ARN of the key that encrypts it, if the template doesn't have it with the bucket."""
    account: str | None = None
    """The account of an imported bucket, if it is certainly another account."""


class DescribedJob(NamedTuple):
    """The state that starts a job, and facts about the job that the template lacks."""

    state: str
    name: str
    """All names that the job may have, as a pattern."""
    made_for: str | None = None
    """The ARN of the dataset, the dataset group or the solution version.

    None if an execution chooses it.
    """


Described = tuple[Permissions, DescribedLocation | None, DescribedLocation | None]
"""A row of the page with source and destination."""


class PendingActions(NamedTuple):
    """The actions in the statements that somebody else must add to a policy."""

    kind: str
    """``"key"``, ``"bucket"`` or ``"role"``; ``"caller"`` for the unknown caller of a job."""
    arn: str
    """The ARN of the key, bucket or role; for a caller the path of the job."""
    actions: Collection[str]
    file: str | None = None
    """The file in the assembly with the statements, if there is one."""


class Creation(NamedTuple):
    """A request to create resources, as the metadata describes it."""

    service_role: str
    encryption_key: str | None
    resources: Sequence[Described]
    pending: Sequence[PendingActions] = ()
    job: DescribedJob | None = None
    is_declared: bool = False
    """True if somebody declared it for a creator outside of the templates."""
    own_arns: Collection[str] = ()
    """ARNs of resources that the construct's own stack makes."""


def leave_resources(scope: Construct, here: Place, creation: Creation) -> None:
    """Add the resources that Personalize will create to the construct's metadata.

    Call it at the end of the synth, from a validation, when no later call and no aspect can change
    anything. A problem is added to the metadata as well, since it must not fail the synth.
    """
    # Saves time: the CDK resolves these ARNs as the stack does, so nothing looks up their targets.
    # A nested stack's are resolved in the outermost stack.
    describe = _Description(here, creation.own_arns if here.parent is None else ())
    metadata: dict[str, Any] = dict(describe.stack(here))
    try:
        metadata |= describe.creation(creation)
    except Exception as error:
        metadata["problem"] = f"{type(error).__name__}: {error}"
    scope.node.add_metadata(METADATA_TYPE, metadata)


class _Description:
    """Describes values in a way that doesn't depend on the stack in which they are read.

    Each string is resolved once.
    """

    def __init__(self, here: Place, known: Collection[str]) -> None:
        self._here = here
        self._texts: dict[str, Any] = {text: text for text in known}

    def stack(self, place: Place) -> dict[str, str]:
        return {"stack": place.path, "template": place.template}

    def creation(self, creation: Creation) -> dict[str, Any]:
        key = creation.encryption_key
        described: dict[str, Any] = {
            "serviceRole": self.text(creation.service_role),
            "encryptionKey": None if key is None else self.text(key),
            "resources": [self.resource(resource) for resource in creation.resources],
            "pending": [self.pending(actions) for actions in creation.pending],
        }
        if creation.job is not None:
            described["job"] = self.job(creation.job)
        if creation.is_declared:
            described["isDeclared"] = True
        return described

    def pending(self, pending: PendingActions) -> dict[str, Any]:
        described = {
            "policy": pending.kind,
            "resource": self.text(pending.arn),
            "actions": sorted(pending.actions),
        }
        if pending.file is not None:
            described["file"] = pending.file
        return described

    def resource(self, described: Described) -> dict[str, Any]:
        row, source, destination = described
        resource: dict[str, Any] = {"resource": row.resource}
        if source is not None:
            resource["source"] = self.location(source)
        if destination is not None:
            resource["destination"] = self.location(destination)
        return resource

    def location(self, location: DescribedLocation) -> dict[str, Any]:
        described = {
            "bucket": self.text(location.bucket_arn),
            "prefix": self.text(location.prefix),
        }
        if location.key_arn is not None:
            described["key"] = self.text(location.key_arn)
        if location.account is not None:
            described["account"] = self.text(location.account)
        return described

    def job(self, job: DescribedJob) -> dict[str, Any]:
        made_for = {} if job.made_for is None else {"madeFor": self.text(job.made_for)}
        return {"state": job.state, "name": self.text(job.name), **made_for}

    def text(self, text: str) -> Any:
        """Describe a string, tokens included."""
        if text not in self._texts:
            self._texts[text] = self._described(text)
        return self._texts[text]

    def _described(self, text: str) -> Any:
        parts = []
        for part in _parts(text):
            parts.append(self._token(part) if TOKEN.fullmatch(part) else part)
        if len(parts) > 1:
            return {"parts": parts}
        return parts[0] if parts else ""

    def _token(self, token: str) -> Any:
        reference = Tokenization.reverse_string(token).first_token
        if Reference.is_reference(reference):
            target: Any = cast("Reference", reference).target
            logical_id = getattr(target, "logical_id", None)
            if logical_id is not None:
                stack = Stack.of(target)
                attribute = cast("Reference", reference).display_name
                return {
                    **self.stack(Place.of(stack)),
                    "logicalId": stack.resolve(logical_id),
                    "attribute": attribute,
                }
        return _plain(self._here.stack.resolve(token))


def _parts(text: str) -> Iterator[str]:
    """Yield tokens and the strings between them."""
    start = 0
    for token in TOKEN.finditer(text):
        if token.start() > start:
            yield text[start : token.start()]
        yield token[0]
        start = token.end()
    if start < len(text):
        yield text[start:]


def _plain(value: Any) -> Any:
    """Return the value as plain Python data."""
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, list) else value
