"""The name of the role made here, which is a contract.

Personalize's ``RoleArn`` is create-only, and a key policy keeps the dead id of a replaced role. So
the name is fixed from the start, and doesn't depend on later calls of ``allow``.
"""

from __future__ import annotations

import hashlib
import re

from aws_cdk import Fn

from .._tokens import is_replaced_later, is_yet_to_be_looked_up
from .place import Place

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_MAX_LENGTH = 64
_HASH_LENGTH = 8
# The name ends in a hyphen and the Region, since IAM is the same in all Regions. It has room for a
# prefix, which aspects of some companies put before the names of all roles.
_LONGEST_END = len("-us-isof-south-1")
_LONGEST_PREFIX = 12
_MAX_READABLE_LENGTH = _MAX_LENGTH - _LONGEST_PREFIX - _LONGEST_END - len("-") - _HASH_LENGTH


def own_role_name(given: str | None, path: str, id: str, here: Place) -> str:
    """Return the name that the user gives, or else a fixed one."""
    # The CDK refuses the dummy of a look-up as a name, and so the synth that asks for the look-up
    # would fail. It takes a dynamic reference only within a token.
    if given is None or is_yet_to_be_looked_up(given):
        return _fixed_role_name(path, id, here)
    return Fn.join("", [given]) if is_replaced_later(given) else given


def _fixed_role_name(path: str, id: str, here: Place) -> str:
    """Return a role name, unique for each deployment of an app by the CDK.

    Like logical ids, it doesn't depend on the id of the outermost stack or its stage: if these
    change and the stack's name stays, it is the same stack.
    """
    stack_name = here.outermost.name
    # Saves time: most often that is the path already, and the stack's path takes two jsii calls.
    if path != f"{stack_name}/{id}":
        path = f"{stack_name}/{path.removeprefix(f'{here.outermost.path}/')}"
    readable = re.sub(r"[^A-Za-z0-9+=,.@_-]", "", f"{stack_name}-{id}")[:_MAX_READABLE_LENGTH]
    digest = hashlib.sha256(f"{stack_name}\n{path}".encode()).hexdigest()
    return f"{readable}-{digest[:_HASH_LENGTH].upper()}-{here.region}"
