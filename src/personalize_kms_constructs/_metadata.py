"""The metadata that constructs leave in the assembly for ``personalize_kms_constructs.checks``.

It is no part of a template. The CDK writes it into ``manifest.json`` or, in newer versions,
``….metadata.json``, under the construct's path. References say which template they are about, since
the metadata of all stacks nested in one another is resolved in the outermost, where a token would
lose its stack.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
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
    """The ARN of the key that encrypts it, where the template doesn't say it with the bucket."""
    account: str | None = None
    """The account of an imported bucket, where it is known to be another one."""


class DescribedJob(NamedTuple):
    """The state that starts a job, and what the template alone doesn't say of the job."""

    state: str
    name: str
    """All names that the job may have, as a pattern."""
    made_for: str | None = None
    """The ARN of the dataset, the dataset group or the solution version, where each execution has the same."""


Described = tuple[Permissions, DescribedLocation | None, DescribedLocation | None]
"""A row of the page with source and destination."""


def leave_resources(
    scope: Construct,
    here: Place,
    *,
    service_role: str,
    encryption_key: str | None,
    resources: Iterable[Described],
    pending: Iterable[tuple[str, str, Collection[str]]] = (),
    files: Mapping[tuple[str, str], str] | None = None,
    job: DescribedJob | None = None,
    is_declared: bool = False,
    of_own_stack: Collection[str] = (),
) -> None:
    """Leave in the metadata what Personalize is asked to create.

    To be called at the end of the synth, from a validation, when no later call and no aspect can
    change anything. A problem is left in the metadata as well, since it must not fail the synth.

    Pending are the policies whose statements others have to add: ``"key"``, ``"bucket"`` or
    ``"role"``, with the ARN of that key, bucket or role, and the actions of the statements. Of a
    job's caller, which the job doesn't know, it is ``"caller"`` with the job's path. The files are
    by kind and ARN of the policy. The ARNs of what the construct's own stack makes stand as they
    are where that isn't nested: the CDK resolves them as the stack does, and to look up what they
    refer to takes most of the time.
    """
    describe = _Description(here, of_own_stack if here.parent is None else ())
    found: dict[str, Any] = dict(describe.stack(here))
    try:
        found |= {
            "serviceRole": describe.text(service_role),
            "encryptionKey": None if encryption_key is None else describe.text(encryption_key),
            "resources": [describe.resource(each) for each in resources],
            "pending": [
                {
                    "policy": policy,
                    "resource": describe.text(arn),
                    "actions": sorted(actions),
                    **({"file": files[policy, arn]} if files and (policy, arn) in files else {}),
                }
                for policy, arn, actions in pending
            ],
        }
        if job is not None:
            found["job"] = describe.job(job)
        if is_declared:
            found["isDeclared"] = True
    except Exception as error:
        found["problem"] = f"{type(error).__name__}: {error}"
    scope.node.add_metadata(METADATA_TYPE, found)


class _Description:
    """Describes values in words that don't depend on the stack in which they are read; each is asked for once."""

    def __init__(self, here: Place, known: Collection[str]) -> None:
        self._here = here
        self._texts: dict[str, Any] = {text: text for text in known}

    def stack(self, place: Place) -> dict[str, str]:
        return {"stack": place.path, "template": place.template}

    def resource(self, described: Described) -> dict[str, Any]:
        row, source, destination = described
        found: dict[str, Any] = {"resource": row.resource}
        for name, location in (("source", source), ("destination", destination)):
            if location is not None:
                found[name] = {
                    "bucket": self.text(location.bucket_arn),
                    "prefix": self.text(location.prefix),
                }
                for what, value in (("key", location.key_arn), ("account", location.account)):
                    if value is not None:
                        found[name][what] = self.text(value)
        return found

    def job(self, job: DescribedJob) -> dict[str, Any]:
        made_for = {} if job.made_for is None else {"madeFor": self.text(job.made_for)}
        return {"state": job.state, "name": self.text(job.name), **made_for}

    def text(self, text: str) -> Any:
        """Describe a string, tokens included."""
        if text not in self._texts:
            parts = [
                self._token(part) if TOKEN.fullmatch(part) else part
                for part in _parts(text)
                if part
            ]
            self._texts[text] = parts[0] if len(parts) == 1 else {"parts": parts} if parts else ""
        return self._texts[text]

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
    start = 0
    for token in TOKEN.finditer(text):
        yield text[start : token.start()]
        yield token[0]
        start = token.end()
    yield text[start:]


def _plain(value: Any) -> Any:
    """Return the value as plain Python data."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
