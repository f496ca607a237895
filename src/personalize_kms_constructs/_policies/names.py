"""The name of the role made here, which is a contract.

Personalize's ``RoleArn`` is create-only, and a key policy keeps the dead id of a role that is made anew: so the name is
there from the start, and doesn't depend on what is allowed later.
"""

from __future__ import annotations

import hashlib
import re

from aws_cdk import Stack

from .place import Place

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_MAX_LENGTH = 64
_HASH_LENGTH = 8
# Room for a hyphen and the longest name of a Region, which the name ends in: IAM is the same in all Regions.
_MAX_READABLE_LENGTH = _MAX_LENGTH - len("-us-isof-south-1") - len("-") - _HASH_LENGTH


def outermost_stack(stack: Stack) -> Stack:
    """Return the stack that a stack is nested in, however deep; the name of a nested one is chosen at deployment."""
    parent = stack.nested_stack_parent
    return stack if parent is None else outermost_stack(parent)


def fixed_role_name(path: str, id: str, here: Place) -> str:
    """Return a role name that is unique for each deployment of an app by the CDK."""
    stack_name = outermost_stack(here.stack).stack_name
    readable = re.sub(r"[^A-Za-z0-9+=,.@_-]", "", f"{stack_name}-{id}")[:_MAX_READABLE_LENGTH]
    unique = hashlib.sha256(f"{stack_name}\n{path}".encode()).hexdigest()[:_HASH_LENGTH].upper()
    return f"{readable}-{unique}-{here.region}"
