"""All requests of an assembly to Personalize: of templates, of constructs, and of jobs of ours.

A job of ours is read from its metadata, which has all values for its executions to choose from. Its
state machine shows who calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from .._model.asked import Asked, OpenQuestion
from .._model.finding import Finding
from .._templates.stacks import Resource, Stack
from .constructs import Left
from .refused_requests import refusals
from .request import Request
from .request_reader import RequestReader
from .requesters import requests_of

_Job = tuple[Left, Asked]
"""A job of ours, as its construct left it."""


class AllRequests:
    """The requests of an assembly, or only those of constructs of ours and on what is theirs."""

    def __init__(
        self,
        constructs: Sequence[Left],
        resources: Iterable[Resource],
        reader: RequestReader,
        *,
        only_ours: bool,
    ) -> None:
        self.asked: list[tuple[Asked, Stack]] = []
        """The requests, each with the stack that asks."""
        self.questions: list[OpenQuestion] = []
        self.problems: list[Finding] = []
        self._reader = reader
        self._only_ours = only_ours
        self._used = frozenset[str]().union(*[left.uses for left in constructs if left.ours])
        """The ARNs of the keys and roles that constructs of ours made or were given."""
        self._paths: set[str] = set()
        """The paths of constructs of ours."""
        self._allowed: dict[tuple[str, str], list[Asked]] = {}
        """The requests of constructs, by the ARN of the role and the kind of resource."""
        self._jobs: dict[tuple[Stack, str, str], list[_Job]] = {}
        """The jobs of ours that no state machine was seen to start.

        By the state that starts them (its stack, its name) and their kind.
        """
        for left in constructs:
            if left.ours or not only_ours or left.uses & self._used:
                self._add_construct(left)
        for resource in resources:
            with resource.stack.noting_errors():
                self._add_resource(resource, ours=self._is_ours(resource.path))
        for jobs in self._jobs.values():
            self.asked += [(asked, left.stack) for left, asked in jobs]
        if only_ours:
            self.questions = [one for one in self.questions if self._is_ours(f"{one.name}/")]

    def _add_construct(self, left: Left) -> None:
        """Add the requests of a construct; of a job only its questions and problems."""
        self.questions += left.questions
        self.problems += left.problems
        if left.ours:
            self._paths.add(left.path)
        for asked in left.asked:
            if left.state is not None:
                state = (left.stack, left.state, asked.kind)
                self._jobs.setdefault(state, []).append((left, asked))
            else:
                self._allowed.setdefault((asked.role_arn, asked.kind), []).append(asked)
                self.asked.append((asked, left.stack))

    def _is_ours(self, path: str) -> bool:
        """Tell if a construct of ours made the resource at a path."""
        parent = path.rpartition("/")[0]
        return bool(parent) and (parent in self._paths or self._is_ours(parent))

    def _add_resource(self, resource: Resource, *, ours: bool) -> None:
        for request in requests_of(resource):
            if isinstance(request, OpenQuestion):
                self.questions.append(request)
                continue
            state = (request.resource.stack, request.state, request.permissions.resource)
            if state in self._jobs:
                self._add_job(request, self._jobs[state])
            elif ours or not self._only_ours or self._reader.used_by(request) & self._used:
                self._add_request(request, ours=ours)

    def _add_job(self, request: Request, jobs: list[_Job]) -> None:
        """Add the job started by a state, with its caller, and take it out of the list."""
        self.problems += refusals(request, waits=True)
        if jobs:
            job = _started_by(request, jobs)
            jobs.remove(job)
            left, asked = job
            asked = self._reader.with_caller(asked, request, left.job_name, left.made_for)
            self.asked.append((asked, left.stack))

    def _add_request(self, request: Request, *, ours: bool) -> None:
        if request.chosen_by:
            self.questions.append(self._reader.question_of_choice(request))
            return
        self.problems += refusals(request)
        asked, questions = self._reader.read(request, self._allowed, ours=ours)
        self.questions += questions
        if asked is not None:
            self.asked.append((asked, request.resource.stack))


def _started_by(request: Request, jobs: list[_Job]) -> _Job:
    """Return the job started by a state; several state machines may have a state of its name."""
    text = json.dumps(request.resource.body)
    for job in jobs:
        if job[0].job_name.rstrip("*") in text:
            return job
    return jobs[0]
