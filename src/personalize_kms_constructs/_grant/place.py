"""The stack of a construct, with its environment."""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path
from typing import cast

from aws_cdk import Stack, Stage
from constructs import IConstruct


class Place:
    """A stack, with account, Region and partition: tokens where the stack doesn't know them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.bucket_names: dict[object, str] = {}
        """The property ``Bucket`` of each bucket policy in the stack, by jsii's reference."""

    @staticmethod
    @cache  # Saves time: every construct asks for it. Without that ten constructs take 15 % longer.
    def of(stack: Stack) -> Place:
        """Return the place of a stack, the same for all its constructs."""
        return Place(stack)

    @cached_property
    def account(self) -> str:
        return self.stack.account

    @cached_property
    def region(self) -> str:
        return self.stack.region

    @cached_property
    def partition(self) -> str:
        return self.stack.partition

    @cached_property
    def parent(self) -> Place | None:
        """The stack in which this stack is nested."""
        parent = self.stack.nested_stack_parent
        return None if parent is None else Place.of(parent)

    @property
    def outermost(self) -> Place:
        """The outermost stack around this stack, or itself if it is not nested."""
        return self if self.parent is None else self.parent.outermost

    @cached_property
    def root(self) -> IConstruct:
        """The app, or another construct at the top of the tree."""
        return self.stack.node.root

    @cached_property
    def assembly(self) -> Path:
        """The folder into which the stage is synthesized."""
        return Path(cast("Stage", Stage.of(self.stack) or self.root).outdir)

    @cached_property
    def path(self) -> str:
        return self.stack.node.path

    @cached_property
    def template(self) -> str:
        return self.stack.template_file

    @cached_property
    def name(self) -> str:
        return self.stack.stack_name

    def is_nested_in(self, other: Place) -> bool:
        return self.parent is not None and (self.parent is other or self.parent.is_nested_in(other))
