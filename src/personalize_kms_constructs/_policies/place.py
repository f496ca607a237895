"""The stack of a construct, with its environment."""

from __future__ import annotations

from functools import cached_property

from aws_cdk import Stack


class Place:
    """Where a construct stands; account, Region and partition are tokens where the stack doesn't know them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

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
