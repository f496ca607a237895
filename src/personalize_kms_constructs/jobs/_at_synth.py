"""The end of a job: at synth it leaves metadata for the judge, and a warning. It judges nothing itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsii
from aws_cdk import Stack
from constructs import Construct, IValidation

from .._grant.resolved import ResolvedResource
from .._grant.role import has_precreated_roles
from .._metadata import DescribedJob, leave_resources
from .._pasted import readable
from .._synth import described_location
from .._warnings import warn
from ._run_time import is_known
from ._states import State


@jsii.implements(IValidation)
class JobAtSynth:
    """Leaves the metadata of a job, and warns of statements that the role of its state machine has not been given.

    A fragment doesn't know the state machine that it becomes part of, and an immutable role drops what it is given.
    """

    def __init__(
        self,
        job: Construct,
        state: State,
        resource: ResolvedResource,
        encryption_key: str,
        arguments: Mapping[str, Any],
    ) -> None:
        self._job = job
        self._state = state
        self._resource = resource
        self._encryption_key = encryption_key
        self._arguments = arguments
        self._is_left = False

    def validate(self) -> list[str]:
        """Return no problems."""
        if not self._is_left:
            self._is_left = True
            self._leave_metadata()
        if self._state.has_lost_statements and not has_precreated_roles(self._job):
            statements = readable(list(self._state.role_statements), Stack.of(self._job))
            warn(
                self._job,
                "pendingMachinePolicy",
                "the role of the state machine is immutable in this app, so it can't start the job until its owner "
                f"adds these statements to an IAM policy of the role: {json.dumps(statements, indent=2)}",
            )
        return []

    def _leave_metadata(self) -> None:
        source, destination = (described_location(each) for each in (self._resource.source, self._resource.destination))
        leave_resources(
            self._job,
            service_role=self._arguments["RoleArn"],
            encryption_key=self._encryption_key,
            resources=[(self._resource.row, source, destination)],
            job=DescribedJob(self._state.state_id, self._known("DatasetArn"), self._known("DatasetGroupArn")),
        )

    def _known(self, argument: str) -> str | None:
        arn = self._arguments.get(argument)
        return arn if arn is not None and is_known(arn) else None
