"""The common part of all jobs: start, wait, look, and end as the job does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IValidation

from .._refusals import refuse
from .._refusals.arguments import TAGS, type_problems
from ..callers import Call, pass_role_statement, personalize_arn
from ..encryption import PersonalizeEncryption
from ..resources import PersonalizeResource
from ._arns import GivenArn
from ._checks import job_name_problems
from ._cycles import Neighbours, RoleCheck
from ._encryption import check_before_allowing, encryption_problems, location_problems
from ._environments import environment_problems
from ._language import JobLanguage
from ._machine_role import MachineRoleCheck
from ._machines import MachineCheck
from ._metadata_of_jobs import JobMetadata
from ._names import JobName
from ._parameters import Parameters, tag_list
from ._places import Place, allowed, same_place_problems
from ._states import Json, State, state_name_problems
from ._times import attempts, time_problems, timeout_seconds


class Job(sfn.StateMachineFragment):
    """Starts a job, waits for it, and ends with its description.

    The names of its states have the fragment's id in them, so that two of a kind need no ``prefix_states``.

    No state depends on ``encryption.permissions``: an execution begins after the deployment, or after the parts of it
    that whoever starts it waits for.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        call: Call,
        encryption: PersonalizeEncryption,
        allows: Callable[..., PersonalizeResource],
        places: Sequence[Place],
        arns: Sequence[GivenArn],
        arguments: Callable[[], Mapping[str, Any]],
        job_name: str | None,
        timeout: Duration | None,
        patience: Duration | None,
        tags: Mapping[str, str] | None,
        parents: Callable[[], Iterable[str]] = tuple,
        success: str = "ACTIVE",
        problems: Iterable[str] = (),
    ) -> None:
        """Make the states, and wire the permissions.

        Args:
            scope: the parent construct.
            id: the construct's id.
            call: the API call that starts the job.
            encryption: whose service role does the work.
            allows: the factory of the resource that ``encryption`` has to allow; it takes the locations.
            places: where the job reads and writes.
            arns: what it works on.
            arguments: the arguments of the call besides name, role and tags; asked for when all is well.
            job_name: the name that was given.
            timeout: how long the job may take.
            patience: how long it may wait for its place.
            tags: the job's tags.
            parents: the ARNs that the caller needs the API's action on besides the job's; asked for when all is well.
            success: the status with which the job ends.
            problems: what is wrong with arguments of this kind of job.
        """
        super().__init__(scope, id)
        stack = Stack.of(self)
        permissions = allows().permissions
        kind = permissions.resource
        found = [
            *encryption_problems(stack, encryption),
            *(problem for place in places for problem in place.problems(kind)),
            *location_problems(encryption, allows, places),
            *(problem for arn in arns for problem in arn.problems(stack)),
            *job_name_problems(job_name),
            *time_problems(timeout, patience),
            *type_problems(TAGS, optional=True, tags=tags),
            *state_name_problems(f"Status of {id}"),
            *problems,
        ]
        refuse(self, found)
        neighbours = Neighbours(stack, encryption, places)
        role_arn = neighbours.role_arn
        call_arguments = {"JobName": job_name, **arguments(), "Tags": tag_list(tags), "RoleArn": role_arn}
        in_json_path = Parameters(call_arguments).has_json_paths
        name = JobName(self, job_name, in_json_path=in_json_path)
        parameters = Parameters({**call_arguments, "JobName": name.value})
        refuse(
            self,
            [
                *parameters.problems(),
                *same_place_problems(kind, places),
                *neighbours.cycle_problems(arns, call_arguments),
                *neighbours.role_problems(),
                *environment_problems(stack, encryption, places, call_arguments),
            ],
        )
        encryption.allow(*allowed(allows, places))
        if not neighbours.are_one:
            self.node.add_validation(cast("IValidation", RoleCheck(neighbours)))
            check_before_allowing(
                encryption, lambda more: refuse(self, neighbours.cycle_problems(arns, call_arguments, more))
            )

        job_arn = personalize_arn(stack, call.resource_type, "")
        needed = call.statements([job_arn + name.pattern], list(parents()), tags="Tags" in parameters.arguments)
        language = JobLanguage(
            Aws.PARTITION,
            call.noun,
            job_arn,
            success=success,
            name_is_given=name.is_given,
            timeout_seconds=timeout_seconds(timeout),
            attempts=attempts(patience, timeout),
            checks="".join(place.check for place in places),
            given={name: path for place in places for name, path in place.given.items()},
        )
        create = self._make_states(id, language, parameters, [*needed, pass_role_statement(role_arn)])
        metadata = JobMetadata(self, encryption, permissions, places, call_arguments, create)
        self.node.add_validation(cast("IValidation", metadata))

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
        self.node.add_validation(cast("IValidation", MachineRoleCheck(self, create)))
        self.node.add_validation(cast("IValidation", MachineCheck(self, prepare)))
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
