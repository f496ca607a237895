"""The ends of sids, which are a contract.

In policies that the app makes, sids have no paths or names, so a renamed or moved construct is the
same for ``cdk refactor``. In policies that the app doesn't make, they are unique among all
deployments that may write there.
"""

from __future__ import annotations

import hashlib

from constructs import IConstruct

from .._tokens import is_token
from .place import Place

# The app keeps the number of constructs in each policy, since constructs of several stacks may
# share a policy.
_ATTRIBUTE = "_personalize_kms_constructs_numbers"


def take_suffix(app: IConstruct, identity: str) -> str:
    """Count a new construct in a policy, and return its suffix: none, ``2``, ``3`` and so on."""
    numbers: dict[str, int] = getattr(app, _ATTRIBUTE, {})
    setattr(app, _ATTRIBUTE, numbers)
    numbers[identity] = number = numbers.get(identity, 0) + 1
    return str(number) if number > 1 else ""


def foreign_suffix(path: str, here: Place) -> str:
    """Return the suffix for a policy of others, which several deployments may share.

    The path is the full path: several stages may have stacks of one name, and a central key.
    """
    deployment = (path, here.outermost.name, here.account, here.region)
    known = "\n".join("" if is_token(part) else part for part in deployment)
    digest = hashlib.sha256(known.encode()).hexdigest()
    return digest[:8].upper()
