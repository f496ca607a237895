"""States whose whole JSON is ours, in a state machine of either query language.

``sfn.Choice`` and its like write JSONPath, or JSONata only for a machine that is known to be JSONata. A state
that says ``"QueryLanguage": "JSONata"`` of itself is right in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from .._refusals import refuse

Json = dict[str, Any]

# https://states-language.net/spec.html#states-fields
_MAX_NAME_LENGTH = 80


def state_name_problems(name: str) -> Iterator[str]:
    """A name of a state that Step Functions would refuse."""
    if len(name) > _MAX_NAME_LENGTH:
        yield (
            f"the state {name!r} has a name of {len(name)} characters but Step Functions takes {_MAX_NAME_LENGTH}: use "
            "a shorter id, or a shorter prefix if the states have one"
        )


def _language_problems(own: str, of_machine: str) -> Iterator[str]:
    """Explain that a JSONata machine can't have a state of JSONPath.

    The CDK doesn't say what machine a state inside of a Map or Parallel state is in.
    """
    if own == "JSONPath" and of_machine == "JSONATA":
        yield (
            "parameters are JsonPath expressions but the state machine's query language is JSONata: write all of them "
            "as JSONata, for example {% $states.input.arn %}"
        )


class State(sfn.CustomState):
    """A state that is rendered last, when the names of the states it goes to are final."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        render: Callable[[], Mapping[str, Any]],
        *,
        query_language: str = "JSONata",
        statements: Iterable[Json] = (),
    ) -> None:
        super().__init__(scope, id, state_json={})
        self._json_renderer = render
        self.query_language = query_language
        """That of the state itself."""
        self.role_statements = tuple(statements)
        """The statements that the role of the state machine needs for this state."""
        self._registered: iam.PolicyStatement | None = None

    def leads_to(self, *states: sfn.State) -> None:
        """Make these states part of the state machine; how this one goes to them is in its JSON."""
        for state in states:
            # Of the transitions that ``sfn.State`` knows, choices are those of which there may be many.
            self._add_choice(sfn.Condition.is_present("$"), state)

    def next_or_end(self) -> Json:
        """The field that says what comes after this state."""
        return cast("Json", self._render_next_end())

    def to_state_json(self, query_language: Any = None) -> Json:
        """The state in Amazon States Language; the CDK says what the state machine's language is.

        Raises:
            ValueError: if the state has another one, which Step Functions refuses in JSONata machines.
        """
        refuse(self, _language_problems(self.query_language, query_language.name if query_language else ""))
        return {"QueryLanguage": self.query_language, **self._json_renderer()}

    @property
    def has_lost_statements(self) -> bool:
        """True at synth if the state is in a state machine whose role has dropped the statements.

        Statements are frozen when the policy that they are in is resolved, before anything is validated.
        """
        return self._registered is not None and not self._registered.frozen

    def _when_bound_to_graph(self, graph: sfn.StateGraph) -> None:
        super()._when_bound_to_graph(graph)
        for statement in self.role_statements:
            self._registered = iam.PolicyStatement.from_json(statement)
            graph.register_policy_statement(self._registered)
