"""``declare_created``: resources created by code of an app, left in the metadata."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

import jsii
from aws_cdk import Stack
from constructs import Construct, IValidation

from .._grant.door import Door
from .._grant.place import Place
from .._grant.resolved import ResolvedResource
from .._metadata import Creation, leave_resources
from .._refusals import refuse
from .._refusals.arguments import KEY, ROLE, SCOPE, arn_of, type_problems
from ..resources import PersonalizeResource

if TYPE_CHECKING:
    from .._refusals.arguments import AnyKey, AnyRole


def declare_created(
    scope: Construct,
    *resources: PersonalizeResource,
    service_role: AnyRole,
    encryption_key: AnyKey | None = None,
) -> None:
    """Declare resources of Personalize that code creates and no template shows.

    The code may be a Lambda function, a notebook or a pipeline. If a role, keys and buckets
    are wired by hand, the check then sees what they lack. The declaration leaves the same metadata
    as a ``PersonalizeEncryption``, permits nothing, and fails no synth by itself:

        declare_created(
            stack,
            PersonalizeResource.dataset_import_job(S3Location(data, "import/")),
            service_role=role,
            encryption_key=key,
        )
        report = check_assembly(app.synth())

    Args:
        scope: the construct that creates them, or its stack: its account and Region are
            Personalize's.
        resources: the resources to be created, with their locations.
        service_role: the role passed to Personalize: an L2, an L1, an imported role or a
            reference.
        encryption_key: the key of the dataset group, in the same forms; none if it has no key.

    Raises:
        ValueError: if Personalize can't work with the arguments; the message has all the reasons.

    https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
    """
    refuse("declare_created", type_problems(SCOPE, scope=scope))
    here = Place.of(Stack.of(scope))
    door = Door(here, None, manages_imported_keys=False)
    problems = [
        *type_problems(ROLE, service_role=service_role),
        *type_problems(KEY, optional=True, encryption_key=encryption_key),
        *door.problems_of_key("encryption_key", encryption_key),
        *door.problems(resources),
    ]
    if not resources:
        problems.append(
            "nothing is declared: name the resources, as declare_created(stack, "
            "PersonalizeResource.dataset_group(), …)"
        )
    refuse(scope, problems)
    key_arn = None if encryption_key is None else door.key(encryption_key).arn
    role_arn = arn_of("role", service_role)
    declaration = _DeclarationAtSynth(scope, here, role_arn, key_arn, door.resources(resources))
    scope.node.add_validation(cast("IValidation", declaration))


@jsii.implements(IValidation)
class _DeclarationAtSynth:
    """Leaves the metadata at the end of the synth, when aspects change no logical id any more."""

    def __init__(
        self,
        scope: Construct,
        here: Place,
        role_arn: str,
        key_arn: str | None,
        resources: Iterable[ResolvedResource],
    ) -> None:
        self._scope = scope
        self._here = here
        self._creation = Creation(role_arn, key_arn, resources, is_declared=True)
        self._is_left = False

    def validate(self) -> list[str]:
        if not self._is_left:
            self._is_left = True
            leave_resources(self._scope.node, self._here, self._creation)
        return []
