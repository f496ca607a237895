"""Requests that constructs and jobs of ours left in the assembly's metadata: see ``_metadata``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .._access.causes import Cause, Reason
from .._access.declarations import Declaration
from .._access.model import Asked, Location, OpenQuestion, Problem
from .._access.policy_documents import as_list
from .._answers import Answer
from .._values import joined, unknown
from .app import App
from .choices import left_out_by
from .dataset_groups import DatasetGroups, key_left_open
from .manifest import Assembly
from .requests import KINDS
from .stacks import Stack
from .templates import Template, Unread, noted

_NAMES = {"serviceRole": "the role", "encryptionKey": "the key"}


class PendingPolicy(NamedTuple):
    """A policy whose statements others have to add."""

    policy: str
    """``"key"``, ``"bucket"``, ``"role"`` or ``"caller"``."""
    arn: str
    """The ARN of that key, bucket or role; for a caller the path of the job that it starts."""
    actions: frozenset[str]
    """What the statements allow."""
    file: str = ""
    """The file of the assembly that has the statements."""


@dataclass
class Left:
    """Everything that one construct left."""

    path: str
    """The construct's."""
    template: Template
    """The template of its stack."""
    file: Path
    """The file of that template, which may be one that can't be read."""
    asked: list[Asked] = field(default_factory=list)
    questions: list[OpenQuestion] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    pending: list[PendingPolicy] = field(default_factory=list)
    """The policies whose statements others have to add."""
    state: tuple[Stack, str] | None = None
    """The name of the state that starts it, if it is a job, and its stack."""
    job_name: str = ""
    """All names that the job may have, as a pattern."""
    made_for: str = ""
    """The ARN of what the job is made for, where each execution has the same."""
    ours: bool = True
    """False if users have declared it, so that no construct answers for it."""


def left_by_constructs(assembly: Assembly, app: App, groups: DatasetGroups, unread: list[Unread]) -> Iterator[Left]:
    """Yield what each construct left, less those that a condition is known to leave out."""
    for template, path, data in assembly.metadata:
        own = app.of_file(template, str(data.get("template")))
        if own is not None and own.is_made is Answer.NO:
            continue
        if own is not None and _is_left_out(own, path):
            continue
        file = template.path.parent / str(data.get("template"))
        left = Left(path, template if own is None else own.template, file, ours=not data.get("isDeclared"))
        problem = data.get("problem")
        if own is None or problem is not None:
            because = f"what it was told to allow couldn't be written down: {problem}"
            if problem is None:
                because = f"{file.name} is the template of no stack of the assembly, so it isn't checked"
            left.questions.append(OpenQuestion(path, because, Declaration(str(left.template.path), path)))
        else:
            with noted(unread, own.template):
                _read(_References(app, template, own), data, groups, left)
        yield left


def _is_left_out(stack: Stack, path: str) -> bool:
    """Tell if conditions leave out all that a construct made."""
    made = [logical_id for logical_id, of in stack.template.paths.items() if of.startswith(f"{path}/")]
    return bool(made) and all(stack.exists(logical_id) is Answer.NO for logical_id in made)


def _read(references: _References, data: Mapping[str, Any], groups: DatasetGroups, left: Left) -> None:
    own, path = references.own, left.path
    where = Declaration(str(own.template.path), path)
    needed = {what: data[what] for what in _NAMES if data.get(what) is not None}
    for what, reference in needed.items():
        target = references.target_of(reference)
        if target is not None and not references.is_made(target):
            reason = Reason.of(Cause.NOT_MADE, what=_NAMES[what], logical_id=target[1])
            problem = Problem("configuration", path, reason, needed_by=(path,), declared=(where,), of_ours=left.ours)
            left.problems.append(problem)
    if any(references.exists(each) is Answer.NO for each in needed.values()):
        return  # nothing can be asked for without them
    role, key = references.text(data.get("serviceRole")), references.optional_text(data.get("encryptionKey"))
    job = data.get("job")
    if isinstance(job, dict):
        left.state, left.job_name = (own, str(job.get("state"))), references.text(job.get("name", ""))
        left.made_for = references.text(job.get("madeFor", ""))
        found = groups.of(left.made_for, own)
        key = key if found is None else groups.key_of(found)
        if condition := left_out_by(key):
            left.questions.append(key_left_open(path, condition, where, role))
            key = None
    for each in as_list(data.get("pending")):
        if isinstance(each, dict):
            actions = frozenset(map(str, as_list(each.get("actions"))))
            policy, arn = str(each.get("policy")), references.text(each.get("resource"))
            left.pending.append(PendingPolicy(policy, arn, actions, str(each.get("file", ""))))
    if not isinstance(data.get("resources"), list):
        left.questions.append(OpenQuestion(path, "its metadata has no list of what it was told to allow"))
        return
    for resource in data["resources"]:
        kind = f"create{str(resource.get('resource')).replace(' ', '')}" if isinstance(resource, dict) else ""
        if kind not in KINDS:
            unknown_kind = f"{resource!r} is of a kind that this version doesn't know"
            left.questions.append(OpenQuestion(path, unknown_kind, role_arns=(role,)))
            continue
        left.asked.append(
            Asked(
                name=path,
                permissions=KINDS[kind],
                role_arn=role,
                account=own.template.account,
                region=own.template.region,
                dataset_group_key=key,
                source=references.location(resource.get("source")),
                destination=references.location(resource.get("destination")),
                declared=where,
                ours=left.ours,
                files={(each.policy, each.arn): each.file for each in left.pending},
            )
        )


class _References:
    """Resolves references, each with the template that it is about, and expressions of the construct's own stack."""

    def __init__(self, app: App, beside: Template, own: Stack) -> None:
        self._app = app
        self._beside = beside
        self.own = own

    def text(self, expression: Any) -> str:
        target = self.target_of(expression)
        if target is not None:
            stack, name, attribute = target
            return str(stack.ref(name) if attribute == "Ref" else stack.get_att(name, attribute))
        parts = expression.get("parts") if isinstance(expression, dict) else None
        if parts is not None:
            return self.own.string(joined(self.text(part) for part in as_list(parts)))
        return self.own.text(expression) if expression is not None else unknown("a reference that is missing")

    def optional_text(self, expression: Any) -> str | None:
        return None if expression is None else self.text(expression)

    def exists(self, expression: Any) -> Answer:
        """Return whether the resource that a reference is about is made; yes for what is no resource of the app."""
        target = self._resource_of(expression)
        return Answer.YES if target is None else target[0].exists(target[1])

    def is_made(self, target: tuple[Stack, str, str]) -> bool:
        """Report whether a template has the resource or the parameter that is the target of a reference."""
        stack, name, _ = target
        return stack.template.may_have(name)

    def target_of(self, expression: Any) -> tuple[Stack, str, str] | None:
        """Return stack, logical id and attribute of a reference, as the metadata or a template writes it."""
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
            self.text(data.get("bucket")),
            self.text(data.get("prefix", "")),
            self.optional_text(data.get("key")),
            account=self.text(data.get("account", "")),
        )

    def _resource_of(self, expression: Any) -> tuple[Stack, str, str] | None:
        target = self.target_of(expression)
        # A parameter has a logical id too.
        return target if target is not None and target[1] in target[0].template.resources else None
