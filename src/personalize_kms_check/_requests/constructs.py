"""Requests left in the assembly's metadata by constructs and jobs of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .._model.causes import Cause, Reason
from .._model.declarations import Declaration
from .._model.finding import Finding
from .._model.policy_documents import as_list
from .._model.requests import Location, OpenQuestion, Request
from .._shared.answers import Answer
from .._shared.values import of_any_partition, unknown
from .._templates.app import App
from .._templates.choices import left_out_by
from .._templates.manifest import Assembly
from .._templates.stacks import Stack
from .._templates.template import Template
from .dataset_groups import DatasetGroups, key_left_open
from .request import KINDS

_NAMES = {"serviceRole": "the role", "encryptionKey": "the key"}


class PendingPolicy(NamedTuple):
    """A policy whose statements others have to add."""

    column: str
    """``"key"``, ``"bucket"``, ``"role"`` or ``"caller"``."""
    arn: str
    """The ARN of that key, bucket or role; for a caller the path of its job."""
    actions: frozenset[str]
    """The actions of the statements."""
    file: str = ""
    """The file of the assembly with the statements."""


@dataclass
class Metadata:
    """The metadata of a construct, as far as it can be read."""

    path: str
    """The construct's."""
    stack: Stack
    file: Path
    """The file of its stack's template, which may be unreadable."""
    requests: list[Request] = field(default_factory=list)
    questions: list[OpenQuestion] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)
    pending: list[PendingPolicy] = field(default_factory=list)
    """The policies whose statements others have to add."""
    state: str | None = None
    """If it is a job: the name of the state that starts it."""
    job_name: str = ""
    """A pattern for all names of the job."""
    made_for: str = ""
    """The ARN of the job's dataset group or solution version, where each execution has the same."""
    ours: bool = True
    """False if users have declared it: then no construct answers for it."""
    uses: frozenset[str] = frozenset()
    """The ARNs of its role and its key."""

    @property
    def declared(self) -> Declaration:
        return Declaration(str(self.stack.template.path), self.path)


def constructs_of(assembly: Assembly, app: App, groups: DatasetGroups) -> list[Metadata]:
    """Return the metadata of constructs, without those certainly left out by conditions."""
    constructs: list[Metadata] = []
    for template, path, data in assembly.metadata:
        own = app.of_file(template, str(data.get("template")))
        if own is not None and (own.is_made is Answer.NO or _is_left_out(own, path)):
            continue
        file = template.path.parent / str(data.get("template"))
        ours = not data.get("isDeclared")
        construct = Metadata(path, own or app.stack_of(template), file, ours=ours)
        constructs.append(construct)
        problem = data.get("problem")
        if problem is not None:
            reason = f"what it was told to allow couldn't be written down: {problem}"
        elif own is None:
            reason = f"{file.name} is the template of no stack of the assembly, so it isn't checked"
        else:
            with own.noting_errors():
                _MetadataReader(construct, data, _References(app, template, own), groups).read()
            continue
        construct.questions.append(OpenQuestion(path, reason, construct.declared))
    return constructs


def _is_left_out(stack: Stack, path: str) -> bool:
    """Tell if conditions leave out all resources of a construct."""
    paths = stack.template.paths
    made = [logical_id for logical_id in paths if paths[logical_id].startswith(f"{path}/")]
    return bool(made) and all(stack.exists(logical_id) is Answer.NO for logical_id in made)


@dataclass
class _MetadataReader:
    """Reads the metadata of a construct into ``metadata``."""

    metadata: Metadata
    data: Mapping[str, Any]
    references: _References
    groups: DatasetGroups

    def read(self) -> None:
        """Read all of it, unless conditions leave its role or its key out."""
        self._add_deleted()
        is_left_out = False
        for field_name, name in _NAMES.items():
            target = self.references.target_of(self.data.get(field_name))
            if target is None:
                continue
            stack, logical_id, _ = target
            if not stack.template.may_have(logical_id):
                self._add_problem(Reason.of(Cause.NOT_MADE, what=name, logical_id=logical_id))
            # A parameter has a logical id too.
            elif logical_id in stack.template.resources:
                is_left_out = is_left_out or stack.exists(logical_id) is Answer.NO
        if is_left_out:
            return
        role_arn = self.references.text(self.data.get("serviceRole"))
        key_arn = self.references.optional_text(self.data.get("encryptionKey"))
        self.metadata.uses = frozenset(filter(None, (role_arn, key_arn)))
        job = self.data.get("job")
        if isinstance(job, dict):
            metadata = self.metadata
            metadata.state = str(job.get("state"))
            metadata.job_name = self.references.text(job.get("name", ""))
            metadata.made_for = self.references.text(job.get("madeFor", ""))
            group = self.groups.of(metadata.made_for, self.references.own)
            if group is not None:
                key_arn = self.groups.key_of(group)
            if condition := left_out_by(key_arn):
                key_arn = None
                question = key_left_open(metadata.path, condition, metadata.declared, role_arn)
                metadata.questions.append(question)
        self._read_pending()
        self._read_resources(role_arn, key_arn)

    def _add_deleted(self) -> None:
        """Add one problem for all resources that something in the app no longer retains."""
        metadata, template = self.metadata, self.metadata.stack.template
        deleted: list[str] = []
        retained = {f"{metadata.path}/{id}": str(id) for id in as_list(self.data.get("retained"))}
        for logical_id, resource in template.resources.items():
            # An L1 has its L2's path.
            path = template.paths.get(logical_id, "").removesuffix("/Resource")
            # CloudFormation deletes what has no policy.
            if path in retained and resource.get("DeletionPolicy", "Delete") == "Delete":
                deleted.append(retained[path])
        if deleted:
            self._add_problem(Reason.of(Cause.DELETED, what=tuple(deleted)), is_warning=True)

    def _add_problem(self, reason: Reason, *, is_warning: bool = False) -> None:
        metadata = self.metadata
        problem = Finding(
            kind="configuration",
            name=metadata.path,
            subject=metadata.path,
            reason=reason,
            is_warning=is_warning,
            places=(metadata.declared,),
        )
        metadata.problems.append(problem)

    def _read_pending(self) -> None:
        for entry in as_list(self.data.get("pending")):
            if isinstance(entry, dict):
                arn = self.references.arn(entry.get("resource"))
                actions = frozenset(str(action) for action in as_list(entry.get("actions")))
                file = str(entry.get("file", ""))
                policy = PendingPolicy(str(entry.get("policy")), arn, actions, file)
                self.metadata.pending.append(policy)

    def _read_resources(self, role_arn: str, key_arn: str | None) -> None:
        metadata = self.metadata
        names_own = metadata.ours and (key_arn is None or key_arn in metadata.uses)
        files = {(policy.column, policy.arn): policy.file for policy in metadata.pending}
        for resource in as_list(self.data.get("resources")):
            call = ""
            if isinstance(resource, dict):
                call = f"create{str(resource.get('resource')).replace(' ', '')}"
            if call not in KINDS:
                reason = f"{resource!r} is of a kind that this version doesn't know"
                question = OpenQuestion(metadata.path, reason, role_arns=(role_arn,))
                metadata.questions.append(question)
                continue
            request = Request(
                name=metadata.path,
                permissions=KINDS[call],
                role_arn=role_arn,
                account=metadata.stack.account,
                region=metadata.stack.region,
                dataset_group_key=key_arn,
                source=self.references.location(resource.get("source")),
                destination=self.references.location(resource.get("destination")),
                declared=metadata.declared,
                ours=metadata.ours,
                names_own=names_own,
                files=files,
            )
            metadata.requests.append(request)


class _References:
    """Resolves references, which name their templates, and expressions of the construct's stack."""

    def __init__(self, app: App, beside: Template, own: Stack) -> None:
        self._app = app
        self._beside = beside
        self.own = own

    def text(self, expression: Any) -> str:
        target = self.target_of(expression)
        if target is not None:
            stack, name, attribute = target
            return str(stack.ref(name) if attribute == "Ref" else stack.get_att(name, attribute))
        if expression is None:
            return unknown("a reference that is missing")
        parts = expression.get("parts") if isinstance(expression, dict) else None
        if parts is not None:
            return self.own.string("".join(self.text(part) for part in as_list(parts)))
        return self.own.text(expression)

    def arn(self, expression: Any) -> str:
        """Return an ARN; a bucket's has the stack's partition, as the bucket of a path does."""
        arn = self.text(expression)
        rest = of_any_partition(arn)
        return f"arn:{self.own.partition}:{rest}" if rest.startswith("s3:::") else arn

    def optional_text(self, expression: Any) -> str | None:
        return None if expression is None else self.text(expression)

    def target_of(self, expression: Any) -> tuple[Stack, str, str] | None:
        """Return stack, logical id and attribute of a reference, of metadata or of a template."""
        match expression:
            case {"template": str(template), "logicalId": str(name), "attribute": str(attribute)}:
                stack = self._app.of_file(self._beside, template)
                return None if stack is None else (stack, name, attribute)
            case {"Ref": str(name)}:
                return self.own, name, "Ref"
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self.own, name, attribute
        return None

    def location(self, data: Any) -> Location | None:
        if not isinstance(data, dict):
            return None
        return Location(
            self.arn(data.get("bucket")),
            self.text(data.get("prefix", "")),
            self.optional_text(data.get("key")),
            account=self.text(data.get("account", "")),
        )
