"""A world in virtual time: functions, a person and the owner's stack, all at the policy of one key.

Every actor is a thread, and one of them runs at a time: a sleeping actor hands over to the actor
that wakes up first. KMS shows a change late, to each reader at another moment; calls take their
time; answers get lost. All of it is taken from the seed, so a run can be repeated.
"""

import heapq
import itertools
import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError, ReadTimeoutError

from personalize_kms_constructs._managed_key_policy import function as key_policy_function
from tests.managed_key_policy.conftest import (
    KEY,
    POLICY,
    context_of,
    event_of,
    may_write,
    no_answer,
    properties,
    refused,
    statement,
)

# In seconds. The longest that a change stays unseen by some readers.
LAG = 15.0
LAMBDA_TIMEOUT = 900.0


class World:
    """Time, and the threads that live in it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self._numbers = itertools.count()
        self._waiting: list[tuple[float, int, threading.Lock]] = []
        self._handed_back = _closed()
        self._current = _closed()
        self.errors: list[BaseException] = []
        self.lost = 0.1
        self.extremes = 0.5

    def add(self, starts: float, actor: Callable[[], None]) -> None:
        """Let somebody act from a moment on."""
        wakes = _closed()
        heapq.heappush(self._waiting, (starts, next(self._numbers), wakes))

        def live() -> None:
            wakes.acquire()
            try:
                actor()
            except BaseException as error:
                self.errors.append(error)
            self._handed_back.release()

        threading.Thread(target=live, daemon=True).start()

    def run(self) -> None:
        """Run until nobody waits for anything."""
        while self._waiting:
            self.now, _, self._current = heapq.heappop(self._waiting)
            self._current.release()
            self._handed_back.acquire()
        if self.errors:
            raise self.errors[0]

    def sleep(self, seconds: float) -> None:
        """Let the others act meanwhile."""
        if not self._waiting or self._waiting[0][0] > self.now + seconds:
            # Nobody does.
            self.now += seconds
            return
        me = self._current
        heapq.heappush(self._waiting, (self.now + seconds, next(self._numbers), me))
        self._handed_back.release()
        me.acquire()

    def often(self, usual: float, extreme: float) -> float:
        """Return a duration, which is close to its extreme at times, where things go wrong."""
        is_extreme = self.random.random() < self.extremes
        return (
            self.random.uniform(0.97, 1.0) * extreme
            if is_extreme
            else self.random.uniform(0, usual)
        )


def _closed() -> threading.Lock:
    """Return a lock for a thread to wait for until another thread opens it.

    Saves time: it takes a fraction of a semaphore's.
    """
    lock = threading.Lock()
    lock.acquire()
    return lock


class Kms:
    """The policy of one key, as it was at every moment."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.down_from = float("inf")
        self.denied_until = 0.0
        self.landed: list[tuple[float, str]] = [(-1000.0, json.dumps(POLICY))]

    def text(self, moment: float) -> str:
        """Return the policy as it was then."""
        return next(text for landed, text in reversed(self.landed) if landed <= moment)

    def land(self, text: str) -> None:
        """Change the policy now."""
        self.landed.append((self.world.now, text))


class Client:
    """KMS as the function calls it, with the timeouts and the retries of its configuration."""

    def __init__(self, kms: Kms, config: Any) -> None:
        self._kms, self._world = kms, kms.world
        self._longest = float(config.connect_timeout + config.read_timeout)
        self._attempts = config.retries["total_max_attempts"]

    def get_key_policy(self, **_: Any) -> dict[str, str]:
        """Return the policy as this reader sees it: as it was a while before the answer."""

        def read() -> str:
            seen = self._kms.text(self._world.now - self._world.often(2, LAG))
            self._take_time()
            return seen

        return {"Policy": self._answered(read)}

    def put_key_policy(self, **request: Any) -> None:
        """Replace the policy as late as can be; whether or not the answer comes."""

        def write() -> str:
            self._take_time()
            self._kms.land(request["Policy"])
            return ""

        self._answered(write)

    def _take_time(self) -> None:
        self._world.sleep(self._world.often(0.2, self._longest))

    def _answered(self, call: Callable[[], str]) -> str:
        for attempts_left in reversed(range(self._attempts)):
            try:
                return self._answered_once(call)
            except (ClientError, ReadTimeoutError):
                if not attempts_left:
                    raise
        raise AssertionError

    def _answered_once(self, call: Callable[[], str]) -> str:
        chance, started = self._world.random.random(), self._world.now
        if chance < 0.05:
            raise refused("ThrottlingException")
        if started < self._kms.denied_until:
            raise refused("AccessDeniedException")
        # Half of what gets no answer never arrived.
        arrives = started < self._kms.down_from and not 0.05 < chance < 0.05 + self._world.lost / 2
        value = call() if arrives else ""
        if not arrives or chance < 0.05 + self._world.lost:
            self._world.sleep(self._longest - (self._world.now - started))
            raise no_answer()
        return value


@dataclass
class Answered:
    """The answer of a function, with its times."""

    request: str
    sid: str
    status: str
    reason: str
    started: float
    moment: float


@dataclass
class Call:
    """A call of CloudFormation for a resource, whose other calls may be at work still.

    `sids` are the statements to write and `before` those of the old properties. `id` is the
    physical id, and `seconds` is Lambda's timeout.
    """

    request: str
    owner: str
    sids: tuple[str, ...]
    before: tuple[str, ...] = ()
    id: str = KEY
    seconds: float = LAMBDA_TIMEOUT


class Simulation:
    """A run in a world with nobody in it yet; the function's constants are its module's."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.world = World(seed)
        self.kms = Kms(self.world)
        self.answers: list[Answered] = []
        self.stack_status = "UPDATE_IN_PROGRESS"
        self.status_denied_until = 0.0
        self._owners: dict[str, dict[str, None]] = {}
        self._starts: dict[str, float] = {}

    def add_function(self, request: str, sid: str, starts: float) -> None:
        """Let CloudFormation call a function; a statement to delete is there before."""
        if request == "Delete":
            self.put_in(sid)
        self.add_call(starts, Call(request, sid, (sid,)))

    def add_call(self, starts: float, call: Call) -> None:
        """Let CloudFormation call a function at a moment."""
        self._owners.setdefault(call.owner, {}).update(dict.fromkeys(call.sids))
        self._starts[call.owner] = starts
        event = event_of(
            call.request,
            *map(statement, call.sids),
            old=properties(*map(statement, call.before)) if call.before else None,
            RequestId=call.request,
            LogicalResourceId=call.owner,
        )
        if call.request != "Create":
            event["PhysicalResourceId"] = call.id
        context = context_of(call.seconds)
        self.world.add(starts, lambda: key_policy_function.handler(event, context))

    def put_in(self, *sids: str) -> None:
        """Have statements in the policy from the beginning."""
        landed, text = self.kms.landed[0]
        self.kms.landed[0] = (landed, _with(text, *sids))

    def set_status(self, status: str, at: float) -> None:
        """Let the stack go on to another operation at a moment."""
        self.world.add(at, lambda: setattr(self, "stack_status", status))

    def add_edit(self, sid: str, at: float) -> None:
        """Let a person, who sees the policy as it is, add a statement at a moment."""

        def edit() -> None:
            text = self.kms.text(self.world.now)
            self.kms.land(_with(text, sid))

        self.world.add(at, edit)

    def add_owner(self, at: float) -> None:
        """Let the stack that owns the key write the policy that it knows."""
        self.world.add(at, lambda: self.kms.land(json.dumps(POLICY)))

    def run(self) -> set[str]:
        """Run until all have answered, and return the sids that are in the policy then."""
        with self._in_place_of_aws():
            self.world.run()
        return {statement["Sid"] for statement in self.statements()}

    def statements(self) -> list[Any]:
        """Return the statements that are in the policy now."""
        return list(json.loads(self.kms.text(self.world.now))["Statement"])

    def _client(self, service: str, config: Any) -> Any:
        if service == "kms":
            return Client(self.kms, config)
        assert service == "cloudformation"
        longest = float(config.connect_timeout + config.read_timeout)

        def describe_stacks(**_: Any) -> dict[str, Any]:
            if self.world.now >= self.kms.down_from:
                self.world.sleep(longest)
                raise no_answer()
            if self.world.now < self.status_denied_until:
                raise refused("AccessDenied", "DescribeStacks")
            self.world.sleep(self.world.often(0.2, longest))
            return {"Stacks": [{"StackStatus": self.stack_status}]}

        return SimpleNamespace(describe_stacks=describe_stacks)

    def _in_place_of_aws(self) -> Any:
        world = self.world

        def take(_: str, answer: dict[str, str]) -> None:
            request, sid = answer["RequestId"], answer["LogicalResourceId"]
            self.answers.append(
                Answered(
                    request, sid, answer["Status"], answer["Reason"], self._starts[sid], world.now
                )
            )

        keys = [
            {"Owner": owner, "Arn": KEY, "Sids": dict.fromkeys(sids, 0)}
            for owner, sids in self._owners.items()
        ]
        return mock.patch.multiple(
            key_policy_function,
            boto3=SimpleNamespace(client=self._client),
            time=SimpleNamespace(monotonic=lambda: world.now, sleep=world.sleep),
            random=world.random,
            send=take,
            MAY_WRITE=may_write(*keys),
        )


def _with(text: str, *sids: str) -> str:
    policy = json.loads(text)
    return json.dumps({**policy, "Statement": [*policy["Statement"], *map(statement, sids)]})
