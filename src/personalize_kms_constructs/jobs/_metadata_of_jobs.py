"""What a job leaves in the assembly's metadata, so that a check knows what its states leave to each execution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jsii
from constructs import Construct, IValidation

from .._metadata import DescribedJob, leave_resources
from ..encryption import PersonalizeEncryption
from ..matrix import Permissions
from ._encryption import described_location, encryption_key
from ._expressions import is_known
from ._places import Place
from ._states import State


@jsii.implements(IValidation)
class JobMetadata:
    """Leaves the metadata at the end of the synth, when the names of states are final; it finds no problem."""

    def __init__(
        self,
        job: Construct,
        encryption: PersonalizeEncryption,
        permissions: Permissions,
        places: Sequence[Place],
        arguments: Mapping[str, Any],
        state: State,
    ) -> None:
        self._job = job
        self._encryption = encryption
        self._permissions = permissions
        self._places = places
        self._arguments = arguments
        self._state = state
        self._is_left = False

    def validate(self) -> list[str]:
        """Return no problem."""
        if not self._is_left:
            self._is_left = True
            self._leave()
        return []

    def _leave(self) -> None:
        locations = {place.part: described_location(self._encryption, place) for place in self._places}
        leave_resources(
            self._job,
            service_role=self._arguments["RoleArn"],
            encryption_key=encryption_key(self._encryption),
            resources=[(self._permissions, locations.get("source"), locations.get("destination"))],
            job=DescribedJob(self._state.state_id, self._known("DatasetArn"), self._known("DatasetGroupArn")),
        )

    def _known(self, argument: str) -> str | None:
        arn = self._arguments.get(argument)
        return arn if arn is not None and is_known(arn) else None
