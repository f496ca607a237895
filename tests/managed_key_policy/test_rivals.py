"""Several functions at work on the policy of one key at the same time, and each one's answer."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from personalize_kms_constructs._managed_key_policy import function as key_policy_function
from tests.managed_key_policy.conftest import POLICY, Function, Spy, statement, written

AtOnce = Callable[..., list[str]]


@pytest.fixture
def at_once(spy: Spy, function: Function, monkeypatch: pytest.MonkeyPatch) -> AtOnce:
    """Runs calls so that the first write of each is of what the policy was before all of them; their statuses."""
    # Much longer than a write takes, on a busy machine too.
    monkeypatch.setattr(key_policy_function, "SETTLE", 0.6)

    def run_at_once(*calls: Callable[[], Any]) -> list[str]:
        barrier = threading.Barrier(len(calls))
        met: set[int] = set()

        def meet_before_first_write() -> None:
            if threading.get_ident() not in met:
                met.add(threading.get_ident())
                # One after the other, so that the first could look again before the last has undone its write.
                time.sleep(barrier.wait(10) * 0.1)

        spy.before_write = meet_before_first_write
        with ThreadPoolExecutor(len(calls)) as pool:
            answers = list(pool.map(lambda call: call(), calls))
        spy.before_write = lambda: None
        return [answer["Status"] for answer in answers]

    return run_at_once


def sids(policy: str) -> set[str]:
    """The sids of ours."""
    return {each["Sid"] for each in json.loads(policy)["Statement"]} - {"Account", "Other"}


def test_two_functions_lose_nothing(
    function: Function, at_once: AtOnce, key_arn: str, policy: Callable[[], str], spy: Spy
) -> None:
    """Both succeed only when both have their statements in the policy, though one has undone the other's."""
    expected: set[str] = set()
    for round_ in range(3):
        pair = [f"First{round_}", f"Second{round_}"]
        creates = [lambda sid=sid: function("Create", key_arn, statement(sid)) for sid in pair]
        writes_before = len(spy.writes)
        assert at_once(*creates) == ["SUCCESS", "SUCCESS"]
        expected.update(pair)
        assert sids(policy()) == expected
        # One had to write again: otherwise this test would show nothing.
        assert len(spy.writes) - writes_before > 2
    assert policy().startswith(POLICY.partition("\n]")[0])


def test_one_comes_while_the_other_goes(
    function: Function, at_once: AtOnce, key_arn: str, policy: Callable[[], str]
) -> None:
    """A deleted statement doesn't come back by the write of somebody who had read it before."""
    for _ in range(2):
        function("Create", key_arn, statement("Going"))
        statuses = at_once(
            lambda: function("Delete", key_arn, statement("Going")),
            lambda: function("Create", key_arn, statement("Coming")),
        )
        assert statuses == ["SUCCESS", "SUCCESS"]
        assert policy() == written(statement("Coming"))
        function("Delete", key_arn, statement("Coming"))
    assert policy() == POLICY


def test_four_functions_lose_nothing(
    function: Function, at_once: AtOnce, key_arn: str, policy: Callable[[], str]
) -> None:
    """As many stacks as may use one key."""
    creates = [lambda sid=sid: function("Create", key_arn, statement(sid)) for sid in "ABCD"]
    assert at_once(*creates) == ["SUCCESS"] * 4
    assert sids(policy()) == set("ABCD")
