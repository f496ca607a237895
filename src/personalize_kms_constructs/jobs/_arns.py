"""The ARNs that a job is given, of what exists in Personalize already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk.region_info import Fact, FactName

from .._refusals.arguments import shown
from .._tokens import TOKEN, is_token, is_yet_to_be_looked_up, literal_part
from ._expressions import is_jsonata, text_problems

# arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE
_NUMBER_OF_PARTS = 6
# Names of resources, types of datasets and ids of versions; a wildcard is told of as such.
_NAME = re.compile(r"[\w\-*?]+", re.ASCII)


@dataclass(frozen=True)
class GivenArn:
    """A parameter that is an ARN."""

    parameter: str
    value: str
    kind: str
    """The kind of resource, for people."""
    form: str
    """The last part of such an ARN, for example ``filter/NAME``."""

    def problems(self, stack: Stack) -> Iterator[str]:
        """Explain that this is not the ARN of such a resource in the account and Region of a stack.

        Parts that are tokens are not judged.
        """
        value = self.value
        problems = [*text_problems(self.parameter, value)]
        if problems or (
            isinstance(value, str) and (is_jsonata(value) or is_yet_to_be_looked_up(value) or TOKEN.fullmatch(value))
        ):
            yield from problems
            return
        parts = value.split(":", _NUMBER_OF_PARTS - 1) if isinstance(value, str) else []
        if isinstance(value, str) and is_token(value) and (len(parts) < _NUMBER_OF_PARTS or is_token(parts[0])):
            return
        if len(parts) < _NUMBER_OF_PARTS or parts[0] != "arn":
            yield (
                f"{self.parameter} is {shown(value)} but an ARN is expected: pass one, for example the attr_…_arn of "
                "an L1, or an expression, for example sfn.JsonPath.string_at('$.arn')"
            )
            return
        wrong = self._differences(parts, stack)
        if wrong:
            yield (
                f"{self.parameter} is {value!r}, {' and '.join(wrong)}: pass the ARN of a {self.kind} in the account "
                "and Region of the state machine"
            )

    def _differences(self, parts: list[str], stack: Stack) -> list[str]:
        _, partition, service, region, account, resource = parts
        there = str(Fact.find(stack.region, FactName.PARTITION) or "")
        pairs = (
            ("partition", partition, there),
            ("service", service, "personalize"),
            ("Region", region, stack.region),
            ("account", account, stack.account),
        )
        has_wildcard = any(wildcard in literal_part(self.value) for wildcard in "*?")
        found = [
            f"of {what} {got!r} instead of {wanted!r}"
            for what, got, wanted in pairs
            if got and wanted and got != wanted and not is_token(got) and not is_token(wanted)
        ]
        found += [f"without {'an' if what == 'account' else 'a'} {what}" for what, got, _ in pairs if not got]
        if has_wildcard:
            found.append("with a wildcard")
        if not self._has_form(resource):
            found.append(f"which is not of the form {self.form}")
        return found

    def _has_form(self, resource: str) -> bool:
        form, got = self.form.split("/"), resource.split("/")
        if is_token(resource):
            return got[0] == form[0] or is_token(got[0])
        names = all(_NAME.fullmatch(name) for name in got[1:])
        return got[0] == form[0] and len(got) == len(form) and names
