"""Words of a job about a state machine whose role takes no policies from this app."""

from __future__ import annotations

import json

import jsii
from aws_cdk import Stack
from constructs import Construct, IValidation

from .._grant.role import has_precreated_roles
from .._pasted import readable
from .._warnings import warn
from ._states import State


@jsii.implements(IValidation)
class MachineRoleCheck:
    """Warns of statements that the role of a state machine has not been given.

    A fragment doesn't know the state machine that it becomes part of, and an immutable role drops what it is given.
    """

    def __init__(self, job: Construct, state: State) -> None:
        self._job = job
        self._state = state

    def validate(self) -> list[str]:
        """Warn, and return no problems."""
        if self._state.has_lost_statements and not has_precreated_roles(self._job):
            statements = readable(list(self._state.role_statements), Stack.of(self._job))
            warn(
                self._job,
                "pendingMachinePolicy",
                "the role of the state machine is immutable in this app, so it can't start the job until its owner "
                f"adds these statements to an IAM policy of the role: {json.dumps(statements, indent=2)}",
            )
        return []
