"""The resources that a ``PersonalizeEncryption`` allows, read from the assembly's metadata: see ``_metadata``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._access.answers import Answer
from .._access.model import Asked, Location, OpenQuestion
from .._access.values import unknown
from .._access.written import as_list
from .app import App
from .asked import KINDS
from .assembly import Assembly, Template
from .stacks import Stack


def asked_by_constructs(assembly: Assembly, app: App) -> Iterator[Asked | OpenQuestion]:
    """Yield what our constructs were told to allow."""
    for template, path, data in assembly.metadata:
        own = app.of_file(template, str(data.get("template")))
        if own is not None and own.is_made is Answer.NO:
            continue
        problem = data.get("problem")
        if own is None or problem is not None:
            because = f"what it was told to allow couldn't be written down: {problem or 'its stack is unknown'}"
            yield OpenQuestion(path, because)
            continue
        yield from _asked(_Reader(app, template, own), path, data)


def _asked(reader: _Reader, path: str, data: Mapping[str, Any]) -> Iterator[Asked | OpenQuestion]:
    role, key = reader.text(data.get("serviceRole")), reader.text(data.get("encryptionKey"))
    needed = (data.get("serviceRole"), data.get("encryptionKey"))
    if any(reader.exists(each) is Answer.NO for each in needed):
        return  # nothing can be asked for without them
    only_if = reader.own.made_only_if.union(*map(reader.only_if, needed))
    here = reader.own.template
    for resource in as_list(data.get("resources")):
        kind = f"create{str(resource.get('resource')).replace(' ', '')}" if isinstance(resource, Mapping) else ""
        if kind not in KINDS:
            yield OpenQuestion(path, f"{resource!r} is of a kind that this version doesn't know")
            continue
        yield Asked(
            name=path,
            permissions=KINDS[kind],
            role_arn=role,
            account=here.account,
            region=here.region,
            dataset_group_key=key,
            source=reader.location(resource.get("source")),
            destination=reader.location(resource.get("destination")),
            declared=reader.own.declared(path),
            only_if=only_if,
        )


class _Reader:
    """Resolves references, each with the template that it is about, and expressions of the construct's own stack."""

    def __init__(self, app: App, beside: Template, own: Stack) -> None:
        self._app = app
        self._beside = beside
        self.own = own

    def text(self, expression: Any) -> str:
        stack = self._stack_of(expression)
        if stack is not None:
            name, attribute = expression["logicalId"], expression["attribute"]
            return str(stack.ref(name) if attribute == "Ref" else stack.get_att(name, attribute))
        parts = expression.get("parts") if isinstance(expression, Mapping) else None
        if parts is not None:
            return "".join(self.text(part) for part in as_list(parts))
        return self.own.text(expression) if expression is not None else unknown("a reference that is missing")

    def exists(self, expression: Any) -> Answer:
        """Return whether the resource that a reference is about is made; yes for what is no resource of the app."""
        stack = self._stack_of_resource(expression)
        return Answer.YES if stack is None else stack.exists(expression["logicalId"])

    def only_if(self, expression: Any) -> frozenset[str]:
        """Return the conditions of the resource that a reference is about, of those that can't be decided."""
        stack = self._stack_of_resource(expression)
        return frozenset() if stack is None else stack.only_if(expression["logicalId"])

    def location(self, data: Any) -> Location | None:
        if not isinstance(data, Mapping):
            return None
        key = data.get("key")
        return Location(self.text(data.get("bucket")), self.text(data.get("prefix", "")), key and self.text(key))

    def _stack_of_resource(self, expression: Any) -> Stack | None:
        stack = self._stack_of(expression)
        # A parameter has a logical id too.
        return stack if stack is not None and expression["logicalId"] in stack.template.resources else None

    def _stack_of(self, expression: Any) -> Stack | None:
        if not isinstance(expression, Mapping):
            return None
        parts = [expression.get(name) for name in ("template", "logicalId", "attribute")]
        return self._app.of_file(self._beside, str(parts[0])) if all(isinstance(part, str) for part in parts) else None
