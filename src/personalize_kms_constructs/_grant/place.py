"""The stack of a construct, with its environment."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import cast

from aws_cdk import Stack, Stage
from constructs import IConstruct

# Kept on the stack, since every construct of the stack asks the same: without it ten constructs
# take 15 % longer.
_ATTRIBUTE = "_personalize_kms_constructs_place"


class Place:
    """Where a construct stands; account, Region and partition are tokens where the stack doesn't know them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.bucket_names: dict[object, str] = {}
        """What the bucket policies of the stack have for ``Bucket``, each asked once, however many constructs look."""

    @classmethod
    def of(cls, stack: Stack) -> Place:
        """Return the place of all constructs of a stack, which asks the stack once for all of them."""
        place: Place | None = getattr(stack, _ATTRIBUTE, None)
        if place is None:
            place = cls(stack)
            setattr(stack, _ATTRIBUTE, place)
        return place

    @cached_property
    def account(self) -> str:
        """The account."""
        return self.stack.account

    @cached_property
    def region(self) -> str:
        """The Region."""
        return self.stack.region

    @cached_property
    def partition(self) -> str:
        """The partition."""
        return self.stack.partition

    @cached_property
    def parent(self) -> Place | None:
        """The stack that this one is nested in."""
        parent = self.stack.nested_stack_parent
        return None if parent is None else Place.of(parent)

    @property
    def outermost(self) -> Place:
        """The stack that this one is nested in, however deep, or itself; the name of a nested one comes late."""
        return self if self.parent is None else self.parent.outermost

    @cached_property
    def root(self) -> IConstruct:
        """The app, or what stands at the top of the tree in its place."""
        return self.stack.node.root

    @cached_property
    def assembly(self) -> Path:
        """The folder that the stage is synthesized into."""
        return Path(cast("Stage", Stage.of(self.stack) or self.root).outdir)

    @cached_property
    def path(self) -> str:
        """The stack's path."""
        return self.stack.node.path

    @cached_property
    def template(self) -> str:
        """The name of the stack's template in the assembly."""
        return self.stack.template_file

    @cached_property
    def name(self) -> str:
        """The stack's name."""
        return self.stack.stack_name

    def is_nested_in(self, other: Place) -> bool:
        """Tell if the stack is nested in another, however deep."""
        return self.parent is not None and (self.parent is other or self.parent.is_nested_in(other))
