"""The properties of an L1 as they are now, resolved, whoever wrote them and in whatever form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from aws_cdk import CfnResource, Stack, TreeInspector


def resolved_properties(l1: CfnResource, inspector: TreeInspector, stack: Stack | None = None) -> Mapping[str, Any]:
    """Return all properties, by the names that JavaScript gives them, by way of an object of JavaScript.

    Where jsii is asked for one, it makes a struct of it. That has no place for expressions: jsii fails, or drops them.

    Args:
        l1: what has the properties.
        inspector: an object to read them with, again and again.
        stack: the stack of the L1, where it is known.
    """
    cast("Any", l1).inspect(inspector)
    attributes = (stack or l1.stack).resolve(inspector)["attributes"]
    properties: Mapping[str, Any] = attributes["aws:cdk:cloudformation:props"]
    return properties
