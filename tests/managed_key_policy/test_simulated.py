"""Hundreds of runs in virtual time, in a world worse than AWS: half of all delays are longest."""

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from personalize_kms_constructs._managed_key_policy import function as key_policy_function
from tests.managed_key_policy.conftest import ACCOUNT, KEY, OTHER
from tests.managed_key_policy.simulation import LAG, LAMBDA_TIMEOUT, Answered, Call, Simulation

# In seconds. The time that the answer to CloudFormation may take, by the function's own timeout.
SENDING = 3 * key_policy_function.SEND_TIMEOUT + 2


def rivals(seed: int, *, within: float = 30.0, extremes: float = 0.5) -> Simulation:
    """Two to four stacks that are deployed or deleted at about the same time."""
    simulation, choice = Simulation(seed), random.Random(-seed - 1)
    simulation.world.extremes = extremes
    for number in range(choice.choice([2, 2, 3, 4])):
        simulation.add_function(
            choice.choice(["Create", "Create", "Delete"]), f"F{number}", choice.uniform(0, within)
        )
    return simulation


def wrongs_of(simulation: Simulation) -> list[str]:
    """Run, and return the successes that the policy contradicts, and the late answers."""
    sids = simulation.run()
    wrongs = []
    for answer in simulation.answers:
        name = f"seed {simulation.seed}: {answer.request} of {answer.sid}"
        is_expected = answer.request == "Create"
        if answer.status == "SUCCESS" and (answer.sid in sids) != is_expected:
            wrongs.append(name)
        seconds = answer.moment - answer.started
        if seconds > LAMBDA_TIMEOUT - SENDING:
            wrongs.append(f"{name} answered after {seconds:.0f} s")
    # All that isn't ours is there, in its order.
    assert simulation.statements()[:2] == [ACCOUNT, OTHER]
    return wrongs


def all_wrongs(simulations: Iterable[Simulation]) -> list[str]:
    everything: list[str] = []
    for simulation in simulations:
        everything += wrongs_of(simulation)
    return everything


def all_answers(simulations: Iterable[Simulation]) -> list[Answered]:
    answers: list[Answered] = []
    for simulation in simulations:
        answers += simulation.answers
    return answers


def test_rivals_lose_nothing() -> None:
    """Changes stay unseen for up to 15 seconds, calls time out, answers and requests get lost.

    Takes four seconds: 500 runs, since chance seldom finds the worst orders.
    """
    simulations = [rivals(seed) for seed in range(500)]
    assert all_wrongs(simulations) == []
    answers = all_answers(simulations)
    failed = [answer for answer in answers if answer.status != "SUCCESS"]
    # Who finds no time says so; it must be the exception, or the test would show nothing.
    assert len(failed) < len(answers) / 50
    reasons = ("no time is left: something else keeps changing", f"no time is left: key {KEY}: ")
    assert all(answer.reason.startswith(reasons) for answer in failed)


@pytest.mark.parametrize("request_type", ["Create", "Delete"])
def test_a_call_that_lambda_makes_twice(request_type: str) -> None:
    """Both are at work among rivals, and both tell the truth."""
    simulations = [rivals(seed) for seed in range(100)]
    for simulation in simulations:
        simulation.add_function(request_type, "Twice", 0.0)
        again = random.Random(simulation.seed).uniform(0, 60)
        simulation.add_call(again, Call(request_type, "Twice", ("Twice",)))
    assert all_wrongs(simulations) == []


def test_the_times_add_up() -> None:
    """The worst cases, too rare for chance to find all, add up as the module's text says."""
    config: Any = key_policy_function.CLIENT
    assert config.retries == {"total_max_attempts": 1}
    call = config.connect_timeout + config.read_timeout
    # The page says "up to 25 seconds if KMS takes 15 to show a change".
    window = key_policy_function.WRITE_WITHIN + call
    assert (call, window, window + 15) == (8, 10, 25)
    # Seen late by who undoes it, and by who looks: "40 seconds after it wrote it".
    assert window + 15 + 15 == key_policy_function.SETTLE == 40
    # All that may be put back after a write, and as long as a call more.
    assert key_policy_function.TAKE_OUT_WITHIN == key_policy_function.SETTLE + call == 48
    # When the time is over: a look at the stack, two reads and a write; to take out, with a last
    # pass that begins at its end; and the answer.
    last_pass = 3 * call + key_policy_function.SETTLE / 20
    at_most = 4 * call + key_policy_function.TAKE_OUT_WITHIN + last_pass + SENDING
    assert at_most == 138 < key_policy_function.RESERVE == 150
    # The page says "for 13 minutes".
    assert 12 < (LAMBDA_TIMEOUT - key_policy_function.RESERVE) / 60 <= 13


def outage(seed: int) -> Simulation:
    """KMS answers no more, from a moment on that comes while the function is at work."""
    simulation, choice = Simulation(seed), random.Random(-seed - 1)
    simulation.world.lost = 0.4
    simulation.add_function("Create", "F0", 0.0)
    simulation.add_function("Create", "F1", 1.0)
    simulation.kms.down_from = choice.uniform(5, LAMBDA_TIMEOUT)
    return simulation


def test_an_outage_is_told_in_time() -> None:
    """CloudFormation would wait for an hour for a function that was stopped."""
    simulations = [outage(seed) for seed in range(200)]
    assert all_wrongs(simulations) == []
    assert any(answer.status == "FAILED" for answer in all_answers(simulations))


def test_an_edit_outside_of_the_window_is_kept() -> None:
    """A write undoes only edits that its reader couldn't see: of the 25 seconds before it."""
    longest = LAG + key_policy_function.WRITE_WITHIN + 3 + 5
    lost = 0
    for seed in range(200):
        simulation = rivals(seed)
        at = random.Random(seed).uniform(0, 120)
        simulation.add_edit("Edit", at)
        kept = "Edit" in simulation.run()
        is_close = any(
            0 <= landed - at <= longest for landed, _ in simulation.kms.landed[1:] if landed != at
        )
        assert kept or is_close, seed
        lost += not kept
    # The page says that such an edit can be lost.
    assert lost


def test_the_owners_stack_undoes_only_what_was_answered_before() -> None:
    """A function that is still at work puts its statements back."""
    undone = 0
    for seed in range(150):
        simulation = rivals(seed)
        at = random.Random(seed).uniform(0, 150)
        simulation.add_owner(at)
        sids = simulation.run()
        created = [answer for answer in simulation.answers if answer.request == "Create"]
        succeeded = [answer for answer in created if answer.status == "SUCCESS"]
        late = {answer.sid for answer in succeeded if answer.moment > at + LAG + 8}
        assert late <= sids, seed
        undone += any(answer.sid not in sids for answer in created)
    assert undone


def lost_by_updating_again(seed: int) -> bool:
    """An update takes B out and fails, without a roll-back; the next one wants B again."""
    simulation, choice = Simulation(seed), random.Random(seed)
    failed_at = choice.uniform(0.5, 45)
    again_at = failed_at + choice.uniform(60, 90)
    simulation.put_in("A", "B")
    # The first call is at work for as long as the key can't be written.
    simulation.kms.denied_until = choice.uniform(30, 59)
    simulation.add_call(0.0, Call("Update", "Ours", ("A",), before=("A", "B")))
    simulation.set_status("UPDATE_FAILED", failed_at)
    simulation.set_status("UPDATE_IN_PROGRESS", again_at - 0.4)
    simulation.add_call(again_at, Call("Update", "Ours", ("A", "B"), before=("A",)))
    sids = simulation.run()
    return simulation.answers[-1].status == "SUCCESS" and not {"A", "B"} <= sids


def test_updating_again_after_a_failure_that_is_not_rolled_back() -> None:
    """The call of the update that failed sees that the operation is over, and does no more."""
    assert [seed for seed in range(200) if lost_by_updating_again(seed)] == []


def cancelled_update(seed: int) -> Simulation:
    """An update takes B out, and CloudFormation rolls it back without waiting for the function."""
    # The function has to have seen once in what operation it is, which takes up to eight seconds.
    simulation, rolled_back_at = Simulation(seed), random.Random(seed).uniform(8.5, 53)
    simulation.put_in("A", "B")
    simulation.add_call(0.0, Call("Update", "Ours", ("A",), before=("A", "B")))
    simulation.set_status("UPDATE_ROLLBACK_IN_PROGRESS", rolled_back_at - 0.4)
    simulation.add_call(rolled_back_at, Call("Update", "Ours", ("A", "B"), before=("A",)))
    return simulation


def lost_by_rolling_back(seed: int) -> bool:
    simulation = cancelled_update(seed)
    sids = simulation.run()
    return simulation.answers[-1].status == "SUCCESS" and not {"A", "B"} <= sids


def test_rolling_back_a_cancelled_update_restores_the_statements() -> None:
    """The call that was cancelled does no more."""
    assert [seed for seed in range(300) if lost_by_rolling_back(seed)] == []


def left_by_a_failed_move(seed: int) -> bool:
    """An update goes to this key from another one, and has no time left right after it wrote."""
    simulation, choice = Simulation(seed), random.Random(seed)
    # In the worst world there isn't always time to take out what was written.
    simulation.world.lost, simulation.world.extremes = 0.0, 0.1
    seconds = key_policy_function.RESERVE + choice.uniform(10, 60)
    move = Call("Update", "Ours", ("A",), before=("A",), id="another-key", seconds=seconds)
    simulation.add_call(0.0, move)
    simulation.add_function("Create", "Rival", choice.uniform(0, 20))
    sids = simulation.run()
    (ours,) = [answer for answer in simulation.answers if answer.sid == "Ours"]
    return ours.status == "FAILED" and "A" in sids


def test_a_failed_move_leaves_nothing() -> None:
    """CloudFormation never hears of this key, so the function has to clean up by itself."""
    assert [seed for seed in range(300) if left_by_a_failed_move(seed)] == []


@pytest.mark.parametrize("denied_for", [0.0, 20.0], ids=["", "its status can't be read at first"])
def test_a_cancelled_creation_leaves_nothing(denied_for: float) -> None:
    """CloudFormation's Delete comes at once, under a made-up id, while the Create is at work."""
    for seed in range(200):
        simulation, cancelled_at = Simulation(seed), random.Random(seed).uniform(0.5, 39)
        # In the worst world there isn't always time to take out what was written.
        simulation.world.lost, simulation.world.extremes = 0.0, 0.1
        simulation.status_denied_until = denied_for
        simulation.add_call(0.0, Call("Create", "Ours", ("A",)))
        simulation.set_status("ROLLBACK_IN_PROGRESS", cancelled_at - 0.4)
        delete = Call("Delete", "Ours", ("A",), id="Stack-Ours-1ABCDEFGHIJKL")
        simulation.add_call(cancelled_at, delete)
        assert "A" not in simulation.run(), seed


def test_repair_right_after_the_owners_stack() -> None:
    """Another revision looks at the policy while the overwriting isn't seen everywhere yet."""
    for seed in range(200):
        simulation = Simulation(seed)
        simulation.put_in("A")
        simulation.add_owner(0.0)
        update = Call("Update", "Ours", ("A",), before=("A",))
        simulation.add_call(random.Random(seed).uniform(0.1, 20), update)
        assert "A" in simulation.run() or simulation.answers[0].status == "FAILED", seed


@pytest.mark.parametrize(
    ("name", "value", "goes_wrong"),
    [
        ("SETTLE", 30.0, lambda seed: wrongs_of(rivals(seed))),
        ("WRITE_WITHIN", 60.0, lambda seed: wrongs_of(rivals(seed, within=10, extremes=0.7))),
        ("RESERVE", 90.0, lambda seed: wrongs_of(outage(seed))),
        ("TAKE_OUT_WITHIN", 30.0, left_by_a_failed_move),
        ("Stack.has_gone_on", lambda _: False, lost_by_rolling_back),
    ],
    ids=["settle", "write within", "reserve", "taking out", "a call that goes on"],
)
def test_the_simulation_finds_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object, goes_wrong: Callable[[int], object]
) -> None:
    """With another value of a constant, others undo a write, or the answer comes too late."""
    monkeypatch.setattr(f"{key_policy_function.__name__}.{name}", value)
    assert any(goes_wrong(seed) for seed in range(300))
