"""All requests of an assembly to Personalize: of templates, of constructs, and of jobs of ours.

A job of ours is read from its metadata, which has all values for its executions to choose from. Its
state machine shows who calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from .._model.finding import Finding
from .._model.requests import OpenQuestion, Request
from .._templates.stacks import Resource, Stack
from .constructs import Metadata
from .refused_requests import refusals
from .request import TemplateRequest
from .request_reader import RequestReader
from .requesters import requests_of

_Job = tuple[Metadata, Request]
"""A job of ours, as its construct left it."""


class AllRequests:
    """The requests of an assembly, or only those of constructs of ours and on what is theirs."""

    def __init__(
        self,
        constructs: Sequence[Metadata],
        resources: Iterable[Resource],
        reader: RequestReader,
        *,
        only_ours: bool,
    ) -> None:
        self.with_stacks: list[tuple[Request, Stack]] = []
        """The requests, each with the stack that asks."""
        self.questions: list[OpenQuestion] = []
        self.problems: list[Finding] = []
        self._reader = reader
        self._only_ours = only_ours
        uses = [construct.uses for construct in constructs if construct.ours]
        self._used = frozenset[str]().union(*uses)
        """The ARNs of the keys and roles that constructs of ours made or were given."""
        self._paths: set[str] = set()
        """The paths of constructs of ours."""
        self._allowed: dict[tuple[str, str], list[Request]] = {}
        """The requests of constructs, by the ARN of the role and the kind of resource."""
        self._jobs: dict[tuple[Stack, str, str], list[_Job]] = {}
        """The jobs of ours that no state machine was seen to start.

        By the state that starts them (its stack, its name) and their kind.
        """
        for construct in constructs:
            if construct.ours or not only_ours or construct.uses & self._used:
                self._add_construct(construct)
        for resource in resources:
            with resource.stack.noting_errors():
                self._add_resource(resource, ours=self._is_ours(resource.path))
        for jobs in self._jobs.values():
            self.with_stacks += [(request, construct.stack) for construct, request in jobs]
        if only_ours:
            self.questions = [one for one in self.questions if self._is_ours(f"{one.name}/")]

    def _add_construct(self, construct: Metadata) -> None:
        """Add the requests of a construct; of a job only its questions and problems."""
        self.questions += construct.questions
        self.problems += construct.problems
        if construct.ours:
            self._paths.add(construct.path)
        for request in construct.requests:
            if construct.state is not None:
                state = (construct.stack, construct.state, request.kind)
                self._jobs.setdefault(state, []).append((construct, request))
            else:
                self._allowed.setdefault((request.role_arn, request.kind), []).append(request)
                self.with_stacks.append((request, construct.stack))

    def _is_ours(self, path: str) -> bool:
        """Tell if a construct of ours made the resource at a path."""
        parent = path.rpartition("/")[0]
        return bool(parent) and (parent in self._paths or self._is_ours(parent))

    def _add_resource(self, resource: Resource, *, ours: bool) -> None:
        for original in requests_of(resource):
            if isinstance(original, OpenQuestion):
                self.questions.append(original)
                continue
            state = (original.resource.stack, original.state, original.permissions.resource)
            if state in self._jobs:
                self._add_job(original, self._jobs[state])
            elif ours or not self._only_ours or self._reader.used_by(original) & self._used:
                self._add_request(original, ours=ours)

    def _add_job(self, original: TemplateRequest, jobs: list[_Job]) -> None:
        """Add the job started by a state, with its caller, and take it out of the list."""
        self.problems += refusals(original, waits=True)
        if jobs:
            construct, request = job = _started_by(original, jobs)
            jobs.remove(job)
            names = construct.job_name, construct.made_for
            request = self._reader.with_caller(request, original, *names)
            self.with_stacks.append((request, construct.stack))

    def _add_request(self, original: TemplateRequest, *, ours: bool) -> None:
        if original.chosen_by:
            self.questions.append(self._reader.question_of_choice(original))
            return
        self.problems += refusals(original)
        request, questions = self._reader.read(original, self._allowed, ours=ours)
        self.questions += questions
        if request is not None:
            self.with_stacks.append((request, original.resource.stack))


def _started_by(original: TemplateRequest, jobs: list[_Job]) -> _Job:
    """Return the job started by a state; several state machines may have a state of its name."""
    text = json.dumps(original.resource.body)
    for job in jobs:
        if job[0].job_name.rstrip("*") in text:
            return job
    return jobs[0]
