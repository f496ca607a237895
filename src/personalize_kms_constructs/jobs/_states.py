"""The states of a job in the CDK's hands: how they are rendered, and what the job leaves behind at synth.

``sfn.Choice`` and its like write JSONPath, or JSONata only for a machine that is known to be
JSONata. A state that says ``"QueryLanguage": "JSONata"`` of itself is right in both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import jsii
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IValidation

from .._grant.place import Place
from .._grant.resolved import ResolvedResource
from .._grant.role import has_precreated_roles
from .._metadata import DescribedJob, leave_resources
from .._pasted import readable
from .._refusals import refuse
from .._synth import described_resource
from .._warnings import warn
from ._run_time import is_known

Json = dict[str, Any]

# https://states-language.net/spec.html#states-fields
_LONGEST_NAME = 80


class State(sfn.CustomState):
    """A state whose whole JSON is ours, rendered last, when the names of the states it goes to are final."""

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
        """Make these states part of the state machine; how this one goes to them is in its JSON."""
        for state in states:
            # Of the transitions that ``sfn.State`` knows, choices are those of which there may be
            # many.
            self._add_choice(sfn.Condition.is_present("$"), state)

    def next_or_end(self) -> Json:
        """The field that says what comes after this state."""
        return cast("Json", self._render_next_end())

    def to_state_json(self, query_language: Any = None) -> Json:
        """The state in Amazon States Language, which says its own query language, whatever the state machine's is."""
        return {"QueryLanguage": "JSONata", **self._json_renderer()}

    @property
    def has_lost_statements(self) -> bool:
        """True at synth if the state is in a state machine whose role has dropped the statements.

        Statements are frozen when the policy that they are in is resolved, before anything is
        validated.
        """
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


@jsii.implements(IValidation)
class JobAtSynth:
    """Leaves the metadata of a job, and warns of statements that the role of its state machine has not been given.

    It judges nothing itself. A fragment doesn't know the state machine that it becomes part of, and
    an immutable role drops what it is given.
    """

    def __init__(
        self,
        job: Construct,
        state: State,
        resource: ResolvedResource,
        encryption_key: str,
        arguments: Mapping[str, Any],
        names: str,
    ) -> None:
        self._job = job
        self._state = state
        self._resource = resource
        self._encryption_key = encryption_key
        self._arguments = arguments
        self._names = names
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
                "the role of the state machine is immutable in this app, so it can't start the "
                "job until its owner adds these statements to an IAM policy of the role: "
                f"{json.dumps(statements, indent=2)}",
            )
        return []

    def _leave_metadata(self) -> None:
        here, resource = Place.of(Stack.of(self._job)), self._resource
        made_for = self._arguments[resource.row.made_for]
        lost = {
            action for statement in self._state.role_statements for action in statement["Action"]
        }
        leave_resources(
            self._job,
            here,
            service_role=self._arguments["RoleArn"],
            encryption_key=self._encryption_key,
            resources=[described_resource(resource, here)],
            pending=[("caller", self._job.node.path, lost)]
            if self._state.has_lost_statements
            else [],
            job=DescribedJob(
                self._state.state_id, self._names, made_for if is_known(made_for) else None
            ),
        )
