"""The ends of sids, which are a contract.

In policies of the app, sids have no paths or names, so a renamed or moved construct is the same for
``cdk refactor``. In policies outside of the app, they are unique among all deployments that may
write there.
"""

from __future__ import annotations

import hashlib
from collections import Counter

from .._tokens import is_token
from .place import Place

_numbers: Counter[str] = Counter()
"""The number of constructs in each policy. Identities are tokens, which differ between apps."""


def take_suffix(identity: str) -> str:
    """Count a new construct in a policy, and return its suffix: none, ``2``, ``3`` and so on."""
    _numbers[identity] += 1
    return str(_numbers[identity]) if _numbers[identity] > 1 else ""


def foreign_suffix(path: str, here: Place) -> str:
    """Return the suffix for a policy of others, which several deployments may share.

    The path is the full path: several stages may have stacks of one name, and a central key.
    """
    deployment = (path, here.outermost.name, here.account, here.region)
    known = "\n".join("" if is_token(part) else part for part in deployment)
    digest = hashlib.sha256(known.encode()).hexdigest()
    return digest[:8].upper()
