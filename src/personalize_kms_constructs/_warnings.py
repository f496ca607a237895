"""Warnings, each with a stable id for acknowledging it."""

from __future__ import annotations

from aws_cdk import Annotations
from constructs import Construct

from ._tokens import in_words


def warn(scope: Construct, warning_id: str, text: str) -> None:
    """Add a warning to a child of the construct.

    Many versions of aws-cdk-lib don't suppress a warning on the construct itself if it comes after
    the acknowledgement (aws-cdk#38820).
    """
    child = scope.node.try_find_child("Warnings") or Construct(scope, "Warnings")
    Annotations.of(child).add_warning_v2(f"personalize-kms-constructs:{warning_id}", in_words(text))
