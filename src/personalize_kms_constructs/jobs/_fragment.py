"""The common part of all jobs: start, wait, look, and end as the job does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IValidation

from .._refusals import refuse, taken_out_if_refused
from .._refusals.arguments import TAGS, shown, type_problems
from .._tokens import is_token
from ..callers import creation_statements, pass_role_statement, personalize_arn
from ..encryption import PersonalizeEncryption
from ..locations import S3Location
from ..matrix import Permissions
from ._job_locations import JobLocation, resource_of, resources_of
from ._language import JobLanguage
from ._parameters import (
    ArnParameter,
    expression_problems,
    job_name_of,
    job_name_problems,
    tag_list,
    without_none,
)
from ._run_time import is_json_path
from ._states import JobAtSynth, Json, State
from ._times import attempts, time_problems, timeout_seconds


class JobOptions(NamedTuple):
    """The options that all jobs have."""

    encryption: PersonalizeEncryption
    job_name: str | None
    timeout: Duration | None
    patience: Duration | None
    tags: Mapping[str, str] | None


class JobFragment(sfn.StateMachineFragment):
    """Starts a job, waits for it, and ends with its description.

    The names of its states have the fragment's id in them, so two of a kind need no
    ``prefix_states``.

    No state depends on ``encryption.permissions``: an execution begins after the deployment, or
    after the parts of it that whoever starts it waits for.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        row: Permissions,
        options: JobOptions,
        *,
        locations: Mapping[str, tuple[S3Location, str | None]],
        arns: Sequence[ArnParameter],
        arguments: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        problems: Iterable[str] = (),
    ) -> None:
        """Make the states, and add the permissions.

        The first of the ARNs is what the job works on. ``arguments`` makes of those that have the
        locations all of the call besides name, role and tags, and is asked when all is well.
        """
        super().__init__(scope, id)
        encryption, job_name, timeout, patience, tags = options
        places = [JobLocation(row, part, *given) for part, given in locations.items()]
        with taken_out_if_refused(scope, id):
            stack = Stack.of(self)
            found = [
                *_encryption_problems(stack, encryption),
                *(problem for each in places for problem in each.problems()),
                *_resource_problems(row, encryption, places),
                *(problem for each in arns for problem in each.problems(stack)),
                *job_name_problems(job_name),
                *time_problems(timeout, patience),
                *type_problems(TAGS, optional=True, tags=tags),
                *problems,
            ]
            refuse(self, found)
            role = encryption._personalize_wiring.role
            # A reference from another stack than the role's would make that stack need the role's,
            # which needs the buckets that it reads and writes, and both may be one.
            role_arn = role.arn if role.stack is stack else role.arn_elsewhere(stack)
            (resolved,) = encryption._personalize_wiring.door.resources([resource_of(row, places)])
            data = {
                name: value for each in places for name, value in each.arguments(resolved).items()
            }
            given = without_none(
                {
                    "JobName": job_name,
                    **arguments(data),
                    "Tags": tag_list(tags),
                    "RoleArn": role_arn,
                }
            )
            refuse(self, expression_problems(given))
            encryption.allow(*resources_of(row, places))

        name = job_name_of(self, job_name, as_json_path=is_json_path(given))
        job_arn = personalize_arn(stack, row.arn_type, "")
        parents = [*arns[0].parents(row, stack)]
        needed = creation_statements(row, [job_arn + name.pattern], parents, tags="Tags" in given)
        language = JobLanguage(
            row,
            job_arn,
            {"JobName": name.value, **given},
            name_is_new=name.is_new,
            timeout_seconds=timeout_seconds(timeout),
            attempts=attempts(patience, timeout),
            checks="".join(each.check for each in places),
            given={key: path for each in places for key, path in each.given.items()},
        )
        create = self.__make_states(id, language, [*needed, pass_role_statement(role_arn)])
        at_synth = JobAtSynth(
            self,
            create,
            resolved,
            encryption._personalize_wiring.encryption_key.arn,
            given,
            name.pattern,
        )
        self.node.add_validation(cast("IValidation", at_synth))

    def __make_states(self, id: str, language: JobLanguage, statements: list[Json]) -> State:
        """Make the states, and return the one that starts the job."""
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


def _encryption_problems(stack: Stack, encryption: object) -> Iterator[str]:
    """Explain that something is not a ``PersonalizeEncryption``, its key for example, or one that is elsewhere."""
    if not isinstance(encryption, PersonalizeEncryption):
        yield (
            f"encryption is {shown(encryption)} but a PersonalizeEncryption is expected: pass the "
            "construct whose service role does the work"
        )
        return
    there = Stack.of(encryption)
    for what, here, elsewhere in (
        ("Region", stack.region, there.region),
        ("account", stack.account, there.account),
    ):
        if here != elsewhere and not is_token(here) and not is_token(elsewhere):
            yield (
                f"the job is in {what} {here} but its encryption in {elsewhere}, and Personalize "
                f"works with keys and roles of its own {what}: make the state machine in a stack "
                f"of {elsewhere}"
            )


def _resource_problems(
    row: Permissions, encryption: object, locations: Sequence[JobLocation]
) -> Iterator[str]:
    """Explain why Personalize can't work with the locations, with as much of their paths as is known."""
    known = [each for each in locations if isinstance(each.location, S3Location)]
    if isinstance(encryption, PersonalizeEncryption):
        yield from encryption._personalize_wiring.door.problems(
            resources_of(row, known, with_paths=True)
        )
