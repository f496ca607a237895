"""References to stacks of other Regions, which the CDK makes by parameters of Systems Manager.

A custom resource of the one stack writes them into the Region of the other, and one of the other stack reads them:
https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib-readme.html#accessing-resources-in-a-different-stack-and-region
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .._access.answers import Answer

if TYPE_CHECKING:
    from .stacks import Stack

READER = "Custom::CrossRegionExportReader"


class Parameters:
    """The parameters of Systems Manager that the stacks of an app write for each other."""

    def __init__(self, stacks: Iterable[Stack]) -> None:
        # Values and conditions are resolved when a parameter is read, since they may depend on parameters themselves.
        self._written: dict[tuple[str, str, str], list[tuple[Stack, str, Any]]] = {}
        for stack in stacks:
            for writer, resource in stack.template.resources.items():
                match resource:
                    case {
                        "Type": "Custom::CrossRegionExportWriter",
                        "Properties": {"WriterProps": {"region": str(region), "exports": dict(exports)}},
                    }:
                        for name, value in exports.items():
                            where = (stack.template.account, region, name)
                            self._written.setdefault(where, []).append((stack, writer, value))

    def read(self, reader: Stack, name: str) -> Any:
        """Return what is written under a name for the account and Region of a stack, or none."""
        for stack, writer, value in self._written.get((reader.template.account, reader.template.region, name), ()):
            if stack.exists(writer) is not Answer.NO:
                return stack.value(value)
        return None
