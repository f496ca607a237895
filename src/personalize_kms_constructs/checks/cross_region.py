"""References to stacks of other Regions, which the CDK makes by parameters of Systems Manager.

A custom resource of the one stack writes them into the Region of the other, and one of the other stack reads them:
https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib-readme.html#accessing-resources-in-a-different-stack-and-region
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .stacks import Stack

READER = "Custom::CrossRegionExportReader"
_WRITER = "Custom::CrossRegionExportWriter"


def written_for(reader: Stack, name: str) -> Iterator[Any]:
    """Yield what the app's stacks write under a parameter's name into the Region of a stack."""
    for stack in reader.app.stacks:
        if stack.template.account != reader.template.account:
            continue
        for resource in stack.resources():
            written = resource.get("WriterProps") if resource.type == _WRITER else None
            if isinstance(written, Mapping) and written.get("region") == reader.template.region:
                exports = written.get("exports")
                if isinstance(exports, Mapping) and name in exports:
                    yield exports[name]
