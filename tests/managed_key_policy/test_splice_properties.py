"""Random key policies, written with random white space: what splicing keeps, repeats, takes back and lets others do."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalize_kms_constructs._managed_key_policy.function import spliced
from tests.managed_key_policy.conftest import statement

# The same examples in each run; a run of 12,000 found nothing more.
EXAMPLES = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
OURS = {"A": statement("A"), "B": statement("B")}
THEIRS = {"C": statement("C", "kms:ListGrants")}

texts = st.text(st.characters(min_codepoint=1, max_codepoint=0x2FF), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
others = st.dictionaries(texts.filter(lambda key: key != "Sid"), values, max_size=3)
sids = (
    st.none()
    | texts.filter(lambda sid: sid not in {"A", "B", "C"})
    | st.sampled_from(["a", "AA", '"A"', "A "])
)
blanks = st.sampled_from(["", "", " ", "\n", "\r\n\t", "  "])


@st.composite
def written(draw: st.DrawFn, value: Any) -> str:
    """Write JSON with random white space, and characters as they are or as escapes."""

    def blank() -> str:
        return draw(blanks)

    def items(members: list[str], opening: str, closing: str) -> str:
        inside = ",".join(f"{blank()}{member}{blank()}" for member in members)
        return f"{opening}{inside or blank()}{closing}"

    if isinstance(value, dict):
        pairs = [
            f"{draw(written(key))}{blank()}:{blank()}{draw(written(each))}"
            for key, each in value.items()
        ]
        return items(pairs, "{", "}")
    if isinstance(value, list):
        return items([draw(written(each)) for each in value], "[", "]")
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def statement_texts(draw: st.DrawFn) -> list[str]:
    """Return statements of others, as they are written."""
    found = draw(st.lists(st.tuples(others, sids), max_size=4))
    return [draw(written({**each, **({} if sid is None else {"Sid": sid})})) for each, sid in found]


@st.composite
def policies(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Return the text of a policy and those of its statements."""
    statements = draw(statement_texts())
    listed = ",".join(f"{draw(blanks)}{each}{draw(blanks)}" for each in statements) or draw(blanks)
    members = [
        f'"Statement"{draw(blanks)}:{draw(blanks)}[{listed}]',
        '"Version":"2012-10-17"',
        '"Id" : "x"',
    ]
    order = draw(st.permutations(members))
    return (
        f"{draw(blanks)}{{{draw(blanks)}{f',{draw(blanks)}'.join(order)}{draw(blanks)}}}",
        statements,
    )


@EXAMPLES
@given(policies())
def test_ours_come_change_and_go_and_the_others_stay(policy: tuple[str, list[str]]) -> None:
    """Byte for byte, in their order, before ours, which say what they should; a second time changes nothing."""
    text, statements = policy
    added = spliced(text, set(), OURS)
    at = 0
    for each in statements:
        at = added.index(each, at) + len(each)
    document, before = json.loads(added), json.loads(text)
    assert document.pop("Statement") == [*before["Statement"], OURS["A"], OURS["B"]]
    assert document == {key: value for key, value in before.items() if key != "Statement"}
    assert spliced(added, set(OURS), OURS) == added

    changed = spliced(added, set(OURS), {"A": statement("A", "kms:ListGrants"), "B": OURS["B"]})
    assert json.loads(changed)["Statement"] == [
        *before["Statement"],
        OURS["B"],
        statement("A", "kms:ListGrants"),
    ]
    assert spliced(changed, set(OURS), {}) == spliced(added, set(OURS), {}) == text
    assert spliced(text, set(OURS), {}) == text


@EXAMPLES
@given(policies(), st.permutations(["A", "C", "-A", "-C"]))
def test_two_owners_do_not_get_into_each_others_way(
    policy: tuple[str, list[str]], order: list[str]
) -> None:
    """In any order of coming and going, each finds its own as it left it, and the rest is as before."""
    text, _ = policy
    now = text
    there: set[str] = set()
    all_ours = {**OURS, **THEIRS}
    for step in order:
        sid = step.strip("-")
        now = spliced(now, {sid}, {} if step.startswith("-") else {sid: all_ours[sid]})
        there = there - {sid} if step.startswith("-") else there | {sid}
        found = json.loads(now)["Statement"]
        assert [each for each in found if each not in all_ours.values()] == json.loads(text)[
            "Statement"
        ]
        assert {each["Sid"] for each in found if each in all_ours.values()} == there
    for sid in ("A", "C"):
        now = spliced(now, {sid}, {})
    assert now == text
