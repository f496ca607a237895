"""The common part of all jobs: start, wait, describe, and end like the job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IValidation

from personalize_kms_check.matrix import Permissions

from .._grant.paths import output_below_input
from .._refusals import refuse, taken_out_if_refused
from .._refusals.arguments import TAGS, brief, type_problems
from .._tokens import is_token
from .._warnings import warn
from ..callers import creation_statements, pass_role_statement, personalize_arn
from ..encryption import PersonalizeEncryption
from ..locations import S3Location
from ._job_locations import JobLocation, resource_of, resources_of
from ._language import JobLanguage
from ._parameters import (
    ArnParameter,
    expression_problems,
    job_name_of,
    job_name_problems,
    tag_list,
    value_problems,
    without_none,
)
from ._run_time import is_json_path, is_known
from ._states import JobAtSynth, JobCall, Json, State
from ._times import attempts, time_problems, timeout_seconds


class JobOptions(NamedTuple):
    """The options of all kinds of jobs."""

    encryption: PersonalizeEncryption
    job_name: str | None
    timeout: Duration | None
    patience: Duration | None
    tags: Mapping[str, str] | None


class JobDefinition(NamedTuple):
    """A kind of job, with its parameters."""

    row: Permissions
    locations: Mapping[str, tuple[S3Location, str | None]]
    """The location of each part, ``"source"`` or ``"destination"``, with the path below it."""
    arns: Sequence[ArnParameter]
    """The parameters for ARNs. The job belongs to the first."""
    arguments: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    """Makes the arguments of the call, without name, role and tags, from those of locations."""
    problems: Iterable[str] = ()
    """More reasons why Personalize can't work with the parameters."""


class JobFragment(sfn.StateMachineFragment):
    """Starts a job, waits for it, and ends with its description.

    The names of its states contain the fragment's id, so two fragments of a kind need no
    ``prefix_states``.

    No state depends on ``encryption.permissions``: an execution begins after the deployment, or the
    construct that starts it waits for the permissions.
    """

    def __init__(
        self, scope: Construct, id: str, options: JobOptions, definition: JobDefinition
    ) -> None:
        super().__init__(scope, id)
        encryption, row = options.encryption, definition.row
        locations = [
            JobLocation(row, part, location, path)
            for part, (location, path) in definition.locations.items()
        ]
        with taken_out_if_refused(scope, id):
            stack = Stack.of(self)
            refuse(self, _problems(stack, options, definition, locations))
            wiring = encryption._personalize_wiring
            # A reference to the role would make this stack depend on the role's stack, which may
            # depend on this stack for the buckets that the role uses.
            role_arn = wiring.role.arn
            if wiring.role.stack is not stack:
                role_arn = wiring.role.arn_elsewhere(stack)
            (resolved,) = wiring.door.resources([resource_of(row, locations)])
            of_locations: dict[str, Any] = {}
            for location in locations:
                of_locations |= location.arguments(resolved)
            arguments = _arguments(options, definition.arguments(of_locations), role_arn)
            refuse(self, expression_problems(arguments))
            allowed = resources_of(row, locations)
            encryption.allow(*allowed)
            wiring.of_jobs.update(allowed)

        name = job_name_of(self, options.job_name, as_json_path=is_json_path(arguments))
        job_arn = personalize_arn(stack, row.arn_type, "")
        parents = list(definition.arns[0].parents(row, stack))
        has_tags = "Tags" in arguments
        needed = creation_statements(row, [job_arn + name.pattern], parents, tags=has_tags)
        checks = ""
        json_paths: dict[str, str] = {}
        for location in locations:
            checks += location.check
            json_paths |= location.json_paths
        language = JobLanguage(
            row,
            job_arn,
            {"JobName": name.value, **arguments},
            name_is_new=name.is_new,
            timeout_seconds=timeout_seconds(options.timeout),
            attempts=attempts(options.patience, options.timeout),
            checks=checks,
            json_paths=json_paths,
        )
        create = self.__make_states(id, language, [*needed, pass_role_statement(role_arn)])
        call = JobCall(resolved, wiring.encryption_key.arn, arguments, name.pattern)
        self.node.add_validation(cast("IValidation", JobAtSynth(self, create, call)))
        if "source" in definition.locations and is_known(definition.locations["source"][1]):
            for warning in output_below_input(resolved):
                warn(self, *warning)

    def __make_states(self, id: str, language: JobLanguage, statements: list[Json]) -> State:
        prepare = State(self, f"Prepare {id}", lambda: language.prepare(next=create.state_id))
        create = State(
            self, f"Start {id}", lambda: language.create(next=wait.state_id), statements=statements
        )
        wait = State(self, f"Wait for {id}", lambda: language.wait(next=describe.state_id))
        describe = State(self, f"Describe {id}", lambda: language.describe(next=status.state_id))
        status = State(
            self,
            f"Status of {id}",
            lambda: language.status(done=done.state_id, failed=failed.state_id, wait=wait.state_id),
        )
        done = State(self, f"{id} done", lambda: {**language.done(), **done.next_or_end()})
        failed = State(self, f"{id} failed", language.failed)
        prepare.leads_to(create)
        create.leads_to(wait)
        wait.leads_to(describe)
        describe.leads_to(status)
        status.leads_to(done, failed)
        self.__start, self.__end = prepare, done
        return create

    @property
    def start_state(self) -> sfn.State:
        """The first state."""
        return self.__start

    @property
    def end_states(self) -> list[sfn.INextable]:
        """The state whose output is the job's description."""
        return [cast("sfn.INextable", self.__end)]


def _arguments(options: JobOptions, of_kind: Mapping[str, Any], role_arn: str) -> dict[str, Any]:
    """Return the arguments of the call, without a name made by the fragment."""
    tags = tag_list(options.tags)
    arguments = {"JobName": options.job_name, **of_kind, "Tags": tags, "RoleArn": role_arn}
    return cast("dict[str, Any]", without_none(arguments))


def _problems(
    stack: Stack, options: JobOptions, definition: JobDefinition, locations: Sequence[JobLocation]
) -> Iterator[str]:
    yield from _encryption_problems(stack, options.encryption)
    for location in locations:
        yield from location.problems()
    if isinstance(options.encryption, PersonalizeEncryption):
        known = [location for location in locations if isinstance(location.location, S3Location)]
        resources = resources_of(definition.row, known, with_paths=True)
        yield from options.encryption._personalize_wiring.door.problems(resources)
    for arn in definition.arns:
        yield from arn.problems(stack)
    yield from job_name_problems(options.job_name)
    yield from time_problems(options.timeout, options.patience)
    yield from type_problems(TAGS, optional=True, tags=options.tags)
    yield from definition.problems
    yield from value_problems(without_none(definition.arguments({})))


def _encryption_problems(stack: Stack, encryption: object) -> Iterator[str]:
    if not isinstance(encryption, PersonalizeEncryption):
        yield (
            f"encryption is {brief(encryption)}, expected a PersonalizeEncryption: pass the "
            "construct with the service role for the job"
        )
        return
    there = Stack.of(encryption)
    for part, here, elsewhere in (
        ("Region", stack.region, there.region),
        ("account", stack.account, there.account),
    ):
        if here != elsewhere and not is_token(here) and not is_token(elsewhere):
            yield (
                f"the job is in {part} {here} but its encryption in {elsewhere}, and Personalize "
                f"works with keys and roles of its own {part}: make the state machine in a stack "
                f"of {elsewhere}"
            )
