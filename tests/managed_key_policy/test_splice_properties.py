"""Random key policies with random white space: splicing keeps the rest and can be taken back."""

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
            f"{draw(written(key))}{blank()}:{blank()}{draw(written(member))}"
            for key, member in value.items()
        ]
        return items(pairs, "{", "}")
    if isinstance(value, list):
        return items([draw(written(member)) for member in value], "[", "]")
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def statement_texts(draw: st.DrawFn) -> list[str]:
    """Return statements of others, as they are written."""
    texts = []
    for theirs, sid in draw(st.lists(st.tuples(others, sids), max_size=4)):
        texts.append(draw(written(theirs if sid is None else {**theirs, "Sid": sid})))
    return texts


@st.composite
def policies(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Return the text of a policy and those of its statements."""
    statements = draw(statement_texts())
    listed = ",".join(f"{draw(blanks)}{text}{draw(blanks)}" for text in statements)
    listed = listed or draw(blanks)
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
    """Others stay byte for byte in their order, before ours; a second time changes nothing."""
    text, statements = policy
    added = spliced(text, set(), OURS)
    at = 0
    for theirs in statements:
        at = added.index(theirs, at) + len(theirs)
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
    """In any order of coming and going, an owner's statements stay as it left them."""
    text, _ = policy
    now = text
    there: set[str] = set()
    all_ours = {**OURS, **THEIRS}
    for step in order:
        sid = step.strip("-")
        now = spliced(now, {sid}, {} if step.startswith("-") else {sid: all_ours[sid]})
        there = there - {sid} if step.startswith("-") else there | {sid}
        others_now, sids_now = [], set()
        for statement_now in json.loads(now)["Statement"]:
            if statement_now in all_ours.values():
                sids_now.add(statement_now["Sid"])
            else:
                others_now.append(statement_now)
        assert others_now == json.loads(text)["Statement"]
        assert sids_now == there
    for sid in ("A", "C"):
        now = spliced(now, {sid}, {})
    assert now == text
