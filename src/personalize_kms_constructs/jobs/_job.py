"""What the jobs have in common: start, wait, look, and end as the job does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from aws_cdk import Aws
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from .._argument_types import tags_type_problems
from .._refusal import refuse
from ..callers import Call, pass_role_statement
from ..encryption import PersonalizeEncryption
from ..resources import PersonalizeResource
from . import _language as language
from ._names import JobName
from ._parameters import Parameters, encryption_problems, job_name_problems, location_problems, tag_list
from ._states import Json, State, state_name_problems


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
        resource: PersonalizeResource,
        job_name: str | None,
        arguments: Callable[[], Mapping[str, Any]],
        tags: Mapping[str, str] | None,
        parents: Iterable[str] = (),
        problems: Iterable[str] = (),
    ) -> None:
        super().__init__(scope, id)
        wrong_types = [*encryption_problems(encryption), *location_problems(resource), *tags_type_problems(tags)]
        refuse(self, [*wrong_types, *job_name_problems(job_name), *problems])
        role_arn = encryption.service_role.role_arn
        parameters = Parameters({"JobName": job_name, **arguments(), "Tags": tag_list(tags), "RoleArn": role_arn})
        names = [f"Status of {id}"]
        names += [f"Name of {id} taken"] if job_name is not None else []
        names += [f"Parameters of {id}"] if parameters.has_json_paths else []
        self._longest_state_name = max(names, key=len)
        refuse(self, [*parameters.problems(), *state_name_problems(self._longest_state_name)])
        encryption.allow(resource)
        name = JobName(self, call, job_name, parameters)
        noun, partition = call.noun, Aws.PARTITION
        needed = call.statements([name.arn_pattern], list(parents), tags="Tags" in parameters.arguments)

        create = State(
            self,
            f"Start {id}",
            lambda: language.create(
                partition, noun, _arguments(parameters, name), job_arn=name.arn, next=wait.state_id
            ),
            statements=[*needed, pass_role_statement(role_arn)],
        )
        wait = State(self, f"Wait for {id}", lambda: language.wait(next=describe.state_id))
        describe = State(self, f"Describe {id}", lambda: language.describe(partition, noun, next=status.state_id))
        status = State(
            self,
            f"Status of {id}",
            lambda: language.status(
                taken=None if taken is None else taken.state_id,
                active=done.state_id,
                failed=failed.state_id,
                other=wait.state_id,
            ),
        )
        done = State(self, f"{id} done", lambda: {**language.done(), **done.next_or_end()})
        failed = State(self, f"{id} failed", lambda: language.failed(noun))
        taken = State(self, f"Name of {id} taken", language.taken) if name.is_given else None
        create.leads_to(wait)
        wait.leads_to(describe)
        describe.leads_to(status)
        status.leads_to(done, failed, *([taken] if taken else []))
        self._start, self._end = create, done
        if parameters.has_json_paths:
            self._start = State(
                self,
                f"Parameters of {id}",
                lambda: language.parameters(parameters.as_json_path(), next=create.state_id),
                query_language="JSONPath",
            )
            self._start.leads_to(create)

    def prefix_states(self, prefix: str | None = None) -> sfn.StateMachineFragment:
        """Prefix the names of all states, as ``to_single_state`` does too; by default with the id.

        Raises:
            ValueError: if a name would become longer than Step Functions takes.
        """
        prefix = prefix or f"{self.node.id}: "
        refuse(self, state_name_problems(prefix + self._longest_state_name))
        return super().prefix_states(prefix)

    @property
    def start_state(self) -> sfn.State:
        """The first state."""
        return self._start

    @property
    def end_states(self) -> list[sfn.INextable]:
        """The state whose output is the job's description."""
        return [cast("sfn.INextable", self._end)]


def _arguments(parameters: Parameters, name: JobName) -> Json | str:
    if not parameters.has_json_paths:
        return {**parameters.arguments, "JobName": name.value}
    if name.is_given:
        return "{% $states.input %}"
    return f"{{% $merge([$states.input, {{'JobName': {name.expression}}}]) %}}"
