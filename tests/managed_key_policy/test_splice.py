"""Changes of the text of a key policy, by literals: the rest stays byte for byte."""

import json
from typing import Any

import pytest

from personalize_kms_constructs._managed_key_policy.function import spliced

A = {
    "Sid": "A",
    "Effect": "Allow",
    "Principal": {"Service": "x"},
    "Action": ["kms:Decrypt"],
    "Resource": "*",
}
A_TEXT = (
    '{"Sid":"A","Effect":"Allow","Principal":{"Service":"x"},'
    '"Action":["kms:Decrypt"],"Resource":"*"}'
)
A_OLD = '{"Sid": "A", "Action": "kms:Encrypt"}'

# As KMS prints the default policy.
PRINTED = """{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Action" : "kms:*"
  }, {
    "Sid" : "Others"
  } ]
}"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"Statement":[{"Sid":"B"}]}', f'{{"Statement":[{{"Sid":"B"}},{A_TEXT}]}}'),
        ('{"Statement": {"Sid" :"B"} }', f'{{"Statement": [{{"Sid" :"B"}},{A_TEXT}] }}'),
        ('{"Statement":[]}', f'{{"Statement":[{A_TEXT}]}}'),
        ('{"Statement":[\n  {}\n]}', f'{{"Statement":[\n  {{}},\n  {A_TEXT}\n]}}'),
        ('{"Statement":[ {},\t{} ]}', f'{{"Statement":[ {{}},\t{{}},\t{A_TEXT} ]}}'),
        (
            '{"Statement":[{}],"Id":"x","Version":"y"}',
            f'{{"Statement":[{{}},{A_TEXT}],"Id":"x","Version":"y"}}',
        ),
        (
            '{"Id":{"Statement":[]},"Statement":[{}]}',
            f'{{"Id":{{"Statement":[]}},"Statement":[{{}},{A_TEXT}]}}',
        ),
        (
            '{"St\\u0061tement":[{"Sid":"\\u00fc é \\" ]"}]}',
            f'{{"St\\u0061tement":[{{"Sid":"\\u00fc é \\" ]"}},{A_TEXT}]}}',
        ),
        (PRINTED, PRINTED.replace('"Others"\n  } ]', f'"Others"\n  }}, {A_TEXT} ]')),
    ],
    ids=[
        "array",
        "single",
        "empty",
        "lines",
        "gaps",
        "key order",
        "nested",
        "escapes",
        "printed by KMS",
    ],
)
def test_a_statement_is_added_at_the_end_and_taken_out_again(before: str, after: str) -> None:
    """Adding writes in the policy's style, and taking out restores the text of before."""
    assert spliced(before, set(), {"A": A}) == after

    once_an_object = before.replace('{"Sid" :"B"}', '[{"Sid" :"B"}]')
    assert spliced(after, {"A"}, {}) == once_an_object


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f'{{"Statement":[{A_OLD}, {{"Sid":"B"}} ]}}',
            f'{{"Statement":[{{"Sid":"B"}}, {A_TEXT} ]}}',
        ),
        (
            f'{{"Statement":[{{}},{A_OLD}, {{"Sid":"B"}}]}}',
            f'{{"Statement":[{{}}, {{"Sid":"B"}}, {A_TEXT}]}}',
        ),
        (f'{{"Statement":{A_OLD}}}', f'{{"Statement":[{A_TEXT}]}}'),
        (f'{{"Statement":[{A_TEXT},{A_OLD}]}}', f'{{"Statement":[{A_TEXT}]}}'),
        (f'{{"Statement":[{A_TEXT},{{}},{A_TEXT}]}}', f'{{"Statement":[{A_TEXT},{{}}]}}'),
    ],
    ids=["first", "between", "single", "twice", "twice alike"],
)
def test_a_statement_that_differs_is_replaced(before: str, after: str) -> None:
    """The old one goes wherever it is, the new one comes at the end, once.

    It's ours by its sid, now or before.
    """
    assert spliced(before, {"A"}, {"A": A}) == spliced(before, set(), {"A": A}) == after


def test_sids_of_before_go_and_others_stay() -> None:
    """An update knows by which sids it went before."""
    text = '{"Statement":[{"Sid":"Old1"},{"Sid":"B"},{"Sid":"Old2"},{}]}'
    assert spliced(text, {"Old1", "Old2"}, {}) == '{"Statement":[{"Sid":"B"},{}]}'


@pytest.mark.parametrize(
    "text",
    [
        f'{{"Statement":[ {A_TEXT} , {{}} ]}}',
        f'{{"Statement":{A_TEXT}}}',
        '{"Statement":[{"Resource":["*"],"Action":"kms:Decrypt",'
        '"Principal":{"Service":["x"]},"Effect":"Allow","Sid":"A"}]}',
    ],
    ids=["in front", "single", "as KMS may write it"],
)
def test_nothing_changes_when_the_statement_is_there(text: str) -> None:
    """An equivalent statement isn't moved or written anew, so a second run writes nothing."""
    assert spliced(text, {"A"}, {"A": A}) == text


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"AWS": ["a", "b"]}, {"AWS": ["b", "a"]}),
        ({"Bool": {"k": "true"}}, {"Bool": {"k": True}}),
    ],
    ids=["order", "boolean"],
)
def test_statements_of_one_meaning_are_the_same(ours: Any, theirs: Any) -> None:
    """KMS may write a statement in another way than it was written."""
    text = json.dumps({"Statement": [{"Sid": "A", "Element": theirs}]})
    assert spliced(text, {"A"}, {"A": {"Sid": "A", "Element": ours}}) == text


@pytest.mark.parametrize(
    "theirs", [{"AWS": "a"}, {"AWS": ["a", "b", "c"]}, {"Service": ["a", "b"]}, "*"]
)
def test_statements_of_another_meaning_are_not_the_same(theirs: Any) -> None:
    """Somebody changed our statement: it is put right."""
    text = json.dumps({"Statement": [{"Sid": "A", "Element": theirs}]})
    ours = '{"Sid":"A","Element":{"AWS":["a","b"]}}'
    assert spliced(text, {"A"}, {"A": json.loads(ours)}) == f'{{"Statement": [{ours}]}}'


@pytest.mark.parametrize(
    ("element", "is_the_same"), [("Principal", True), ("NotPrincipal", True), ("Condition", False)]
)
def test_an_account_is_its_root_as_a_principal_only(element: str, is_the_same: bool) -> None:
    """In a condition they are two strings."""
    text = json.dumps({"Statement": [{"Sid": "A", element: {"AWS": "111122223333"}}]})
    root = {"Sid": "A", element: {"AWS": "arn:aws:iam::111122223333:root"}}
    assert (spliced(text, {"A"}, {"A": root}) == text) == is_the_same


@pytest.mark.parametrize("string", ["None", "null"])
def test_null_is_no_string(string: str) -> None:
    """AWS doesn't document how KMS reads a null."""
    text = '{"Statement":[{"Sid":"A","x":null}]}'
    assert spliced(text, {"A"}, {"A": {"Sid": "A", "x": string}}) != text


@pytest.mark.parametrize("space", ["", " ", "\n\t"])
def test_an_empty_list_keeps_its_white_space(space: str) -> None:
    """Ours come and go."""
    text = f'{{"Statement":[{space}]}}'
    added = spliced(text, set(), {"A": A})
    assert added == f'{{"Statement":[{space}{A_TEXT}{space}]}}'
    assert spliced(added, {"A"}, {}) == text
    assert (
        spliced(f'{{"Statement":[ {A_TEXT}{space}]}}', {"A"}, {})
        == f'{{"Statement":[ {space.strip(" ")}]}}'
    )


def test_ours_is_written_in_characters_that_kms_takes() -> None:
    """PutKeyPolicy takes Latin-1, whatever a policy says by escapes."""
    text = spliced('{"Statement":[]}', set(), {"A": {"Sid": "A", "Condition": "日"}})
    assert text == '{"Statement":[{"Sid":"A","Condition":"\\u65e5"}]}'
