"""The callers of a model, each once, so that statements remember what they are to it."""

from __future__ import annotations

from .calls import Caller
from .model import AccessModel
from .needs import SERVICE, Need


class Callers:
    """The roles, and Personalize at work for each account and Region."""

    def __init__(self, model: AccessModel) -> None:
        self._model = model
        self._callers: dict[tuple[str, str, str, str], Caller] = {}

    def of(self, need: Need) -> Caller:
        """Return who needs a permission."""
        name = (need.principal, need.role_arn, need.account, need.region)
        if name not in self._callers:
            if need.principal == SERVICE:
                caller = Caller(need.principal_arn, need.account, need.region, is_service=True)
            else:
                role = self._model.role(need.role_arn)
                caller = Caller(role.arn, role.account, need.region, unique_id=role.unique_id)
            self._callers[name] = caller
        return self._callers[name]
