"""Warnings, each with a stable id by which it can be acknowledged."""

from __future__ import annotations

from aws_cdk import Annotations
from constructs import Construct

from ._tokens import in_words


def warn(scope: Construct, warning_id: str, text: str) -> None:
    """Add a warning to a child of the construct.

    What is acknowledged on the construct itself would be warned of all the same, by many versions
    of aws-cdk-lib, if the warning comes after the acknowledgement (aws-cdk#38820).
    """
    place = scope.node.try_find_child("Warnings") or Construct(scope, "Warnings")
    Annotations.of(place).add_warning_v2(f"personalize-kms-constructs:{warning_id}", in_words(text))
