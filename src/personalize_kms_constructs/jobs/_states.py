"""The states of a job in the CDK: their rendering, and the metadata of the job at synth.

States of the CDK such as ``sfn.Choice`` write JSONata only in a machine known to be JSONata. A
state with its own ``"QueryLanguage": "JSONata"`` works in every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, cast

import jsii
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IValidation

from .._grant.place import Place
from .._grant.resolved import ResolvedResource
from .._grant.role import has_precreated_roles
from .._metadata import Creation, leave_resources, pending_actions
from .._pasted import known_values, readable
from .._pending_files import ACKNOWLEDGE, file_to_complete, write_files
from .._refusals import refuse
from .._warnings import warn
from ._run_time import is_known

Json = dict[str, Any]

# https://states-language.net/spec.html#states-fields
_LONGEST_NAME = 80


class State(sfn.CustomState):
    """A state with its own JSON, rendered when the names of the next states are final."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        render: Callable[[], Mapping[str, Any]],
        *,
        statements: Iterable[Json] = (),
    ) -> None:
        super().__init__(scope, id, state_json={})
        self._json_renderer = render
        self.role_statements = tuple(statements)
        """The statements that the role of the state machine needs for this state."""
        self._registered: iam.PolicyStatement | None = None

    def leads_to(self, *states: sfn.State) -> None:
        """Make these states part of the state machine; the transitions are in the JSON."""
        for state in states:
            # Only the choices of ``sfn.State`` can be many.
            self._add_choice(sfn.Condition.is_present("$"), state)

    def next_or_end(self) -> Json:
        return cast("Json", self._render_next_end())

    def to_state_json(self, query_language: Any = None) -> Json:
        """Return the state in Amazon States Language, with its own query language."""
        state = {"QueryLanguage": "JSONata", **self._json_renderer()}
        if query_language is sfn.QueryLanguage.JSONATA and state["QueryLanguage"] == "JSONPath":
            refuse(self, ["query_language is JSONATA: pass {% … %} expressions, not sfn.JsonPath"])
        return state

    @property
    def has_lost_statements(self) -> bool:
        """True if the role dropped them: a policy freezes its statements before validations."""
        return self._registered is not None and not self._registered.frozen

    def _when_bound_to_graph(self, graph: sfn.StateGraph) -> None:
        super()._when_bound_to_graph(graph)
        name = self.state_id
        if len(name) > _LONGEST_NAME:
            problem = (
                f"the state {name!r} has a name of {len(name)} characters but Step Functions takes "
                f"{_LONGEST_NAME}: use a shorter id, or a shorter prefix if the states have one"
            )
            refuse(self, [problem])
        for statement in self.role_statements:
            self._registered = iam.PolicyStatement.from_json(statement)
            graph.register_policy_statement(self._registered)


class JobCall(NamedTuple):
    """The call to start a job."""

    resource: ResolvedResource
    encryption_key: str
    """The ARN of the dataset group's key."""
    arguments: Mapping[str, Any]
    names: str
    """A pattern for all names of the job."""


@jsii.implements(IValidation)
class JobAtSynth:
    """Leaves the metadata of a job, and warns of a second execution or a role that will fail.

    A fragment doesn't know its state machine, so it finds out at synth. It checks nothing itself.
    """

    def __init__(self, job: Construct, state: State, call: JobCall) -> None:
        self._job = job
        self._state = state
        self._call = call
        self._is_left = False

    def validate(self) -> list[str]:
        if not self._is_left:
            self._is_left = True
            self._leave_metadata()
        job_name = self._call.arguments.get("JobName")
        if job_name is not None and is_known(job_name):
            warn(
                self._job,
                "fixedJobName",
                f"job_name is {job_name!r} in every execution, but Personalize takes a name once, "
                "so the second execution fails: leave it out, or use an expression with a new "
                "part, for example {% 'ratings-' & $uuid() %}",
            )
        here, statements = Place.of(Stack.of(self._job)), self._lost_statements()
        contents = [("role", "machine", statements)] if statements else []
        for path in write_files(self._job, here, contents):
            warn(
                self._job,
                "pendingMachinePolicy",
                "the role of the state machine can't start the job yet:\n- have its owner attach "
                f"the policy in {file_to_complete(here.root, path, statements)} to the role\n"
                f"{ACKNOWLEDGE}",
            )
        return []

    def _lost_statements(self) -> Any:
        if not self._state.has_lost_statements or has_precreated_roles(self._job):
            return []
        stack, call = Stack.of(self._job), self._call
        role_arn = call.arguments["RoleArn"]
        known = known_values(Place.of(stack), key_arn=call.encryption_key, role_arn=role_arn)
        return readable(list(self._state.role_statements), stack, known)

    def _leave_metadata(self) -> None:
        here, call = Place.of(Stack.of(self._job)), self._call
        job = {"state": self._state.state_id, "name": call.names}
        made_for = call.arguments[call.resource.row.made_for]
        if is_known(made_for):
            job["madeFor"] = made_for
        pending = []
        if self._state.has_lost_statements:
            actions: set[str] = set()
            for statement in self._state.role_statements:
                actions.update(statement["Action"])
            pending.append(pending_actions("caller", self._job.node.path, actions))
        role_arn, resources = call.arguments["RoleArn"], [call.resource]
        creation = Creation(role_arn, call.encryption_key, resources, pending, job)
        leave_resources(self._job.node, here, creation)
