"""The common part of all jobs: start, wait, look, and end as the job does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IValidation

from .._grant.resolved import ResolvedLocation
from .._refusals import refuse
from .._refusals.arguments import TAGS, shown, type_problems
from .._tokens import is_token
from ..callers import creation_statements, pass_role_statement, personalize_arn
from ..encryption import PersonalizeEncryption
from ..locations import S3Location
from ..matrix import Permissions
from ._at_synth import JobAtSynth
from ._job_locations import JobLocation, resource_of, resources_of
from ._language import JobLanguage
from ._parameters import ArnParameter, JobName, Parameters, job_name_problems, tag_list
from ._run_time import is_known
from ._states import Json, State, state_name_problems
from ._times import attempts, time_problems, timeout_seconds


class JobFragment(sfn.StateMachineFragment):
    """Starts a job, waits for it, and ends with its description.

    The names of its states have the fragment's id in them, so that two of a kind need no ``prefix_states``.

    No state depends on ``encryption.permissions``: an execution begins after the deployment, or after the parts of it
    that whoever starts it waits for.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        row: Permissions,
        *,
        encryption: PersonalizeEncryption,
        locations: Sequence[JobLocation],
        arns: Sequence[ArnParameter],
        arguments: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        job_name: str | None,
        timeout: Duration | None,
        patience: Duration | None,
        tags: Mapping[str, str] | None,
        parents: Callable[[], Iterable[str]] | None = None,
        problems: Iterable[str] = (),
    ) -> None:
        """Make the states, and wire the permissions.

        Args:
            scope: the parent construct.
            id: the construct's id.
            row: the kind of job.
            encryption: whose service role does the work.
            locations: where the job reads and writes.
            arns: what it works on first, and what else it uses.
            arguments: from the arguments of the locations, all arguments of the call besides name, role and tags;
                asked for when all is well.
            job_name: the name that was given.
            timeout: how long the job may take.
            patience: how long it may wait for its place.
            tags: the job's tags.
            parents: the ARNs that the caller needs the API's action on besides the job's, asked for when all is well;
                by default what the job works on.
            problems: what is wrong with arguments of this kind of job.
        """
        super().__init__(scope, id)
        stack = Stack.of(self)
        found = [
            *_encryption_problems(stack, encryption),
            *(problem for each in locations for problem in each.problems()),
            *_resource_problems(row, encryption, locations),
            *(problem for each in arns for problem in each.problems(stack)),
            *job_name_problems(job_name),
            *time_problems(timeout, patience),
            *type_problems(TAGS, optional=True, tags=tags),
            *state_name_problems(f"Status of {id}"),
            *problems,
        ]
        refuse(self, found)
        role = encryption._wiring.role
        # A reference from another stack than the role's would make that stack need the role's, which needs the buckets
        # that it reads and writes, and both may be one.
        role_arn = role.arn if role.stack is stack else role.arn_elsewhere(stack)
        (resolved,) = encryption._wiring.door.resources([resource_of(row, locations)])
        keys = {"source": _key_arn(resolved.source), "destination": _key_arn(resolved.destination)}
        data = {name: value for each in locations for name, value in each.arguments(keys[each.part]).items()}
        call_arguments = {"JobName": job_name, **arguments(data), "Tags": tag_list(tags), "RoleArn": role_arn}
        name = JobName(self, job_name, in_json_path=Parameters(call_arguments).has_json_paths)
        parameters = Parameters({**call_arguments, "JobName": name.value})
        refuse(self, parameters.problems())
        encryption.allow(*resources_of(row, locations))

        job_arn = personalize_arn(stack, row.arn_type, "")
        above = _parents(stack, row, arns[0]) if parents is None else parents()
        has_tags = "Tags" in parameters.arguments
        needed = creation_statements(row, [job_arn + name.pattern], list(above), tags=has_tags)
        language = JobLanguage(
            Aws.PARTITION,
            row.noun,
            job_arn,
            success=row.finished,
            name_is_given=name.is_given,
            timeout_seconds=timeout_seconds(timeout),
            attempts=attempts(patience, timeout),
            checks="".join(each.check for each in locations),
            given={name: path for each in locations for name, path in each.given.items()},
        )
        create = self._make_states(id, language, parameters, [*needed, pass_role_statement(role_arn)])
        at_synth = JobAtSynth(self, create, resolved, encryption._wiring.encryption_key.arn, call_arguments)
        self.node.add_validation(cast("IValidation", at_synth))

    def _make_states(self, id: str, language: JobLanguage, parameters: Parameters, statements: list[Json]) -> State:
        """Make the states, and return the one that starts the job."""
        prepare = State(
            self,
            f"Prepare {id}",
            lambda: language.prepare(
                parameters.rendered(), in_json_path=parameters.has_json_paths, next=create.state_id
            ),
            query_language="JSONPath" if parameters.has_json_paths else "JSONata",
        )
        create = State(self, f"Start {id}", lambda: language.create(next=wait.state_id), statements=statements)
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
        self._start, self._end, self._of_longest_name = prepare, done, status
        return create

    def prefix_states(self, prefix: str | None = None) -> sfn.StateMachineFragment:
        """Prefix the names of all states, as ``to_single_state`` does too; by default with the id.

        Raises:
            ValueError: if a name would become longer than Step Functions takes.
        """
        prefix = prefix or f"{self.node.id}: "
        refuse(self, state_name_problems(prefix + self._of_longest_name.state_id))
        return super().prefix_states(prefix)

    @property
    def start_state(self) -> sfn.State:
        """The first state."""
        return self._start

    @property
    def end_states(self) -> list[sfn.INextable]:
        """The state whose output is the job's description."""
        return [cast("sfn.INextable", self._end)]


def _encryption_problems(stack: Stack, encryption: object) -> Iterator[str]:
    """Explain that something is not a ``PersonalizeEncryption``, its key for example, or one that is elsewhere."""
    if not isinstance(encryption, PersonalizeEncryption):
        yield (
            f"encryption is {shown(encryption)} but a PersonalizeEncryption is expected: pass the construct whose "
            "service role does the work"
        )
        return
    there = Stack.of(encryption)
    for what, here, elsewhere in (
        ("Region", stack.region, there.region),
        ("account", stack.account, there.account),
    ):
        if here != elsewhere and not is_token(here) and not is_token(elsewhere):
            yield (
                f"the job is in {what} {here} but its encryption in {elsewhere}, and Personalize works with keys and "
                f"roles of its own {what}: make the state machine in a stack of {elsewhere}"
            )


def _resource_problems(row: Permissions, encryption: object, locations: Sequence[JobLocation]) -> Iterator[str]:
    """Explain why Personalize can't work with the locations, with as much of their paths as is known."""
    known = [each for each in locations if isinstance(each.location, S3Location)]
    if isinstance(encryption, PersonalizeEncryption):
        yield from encryption._wiring.door.problems(resources_of(row, known, with_paths=True))


def _key_arn(location: ResolvedLocation | None) -> str | None:
    return None if location is None or location.key is None else location.key.arn


def _parents(stack: Stack, row: Permissions, works_on: ArnParameter) -> list[str]:
    if is_known(works_on.value):
        return [works_on.value] if row.parents else []
    return [personalize_arn(stack, parent, "*") for parent in row.parents]
