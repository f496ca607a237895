"""A decision stays what it is, whatever the values turn out to be that weren't known: the judge relies on it."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from personalize_kms_constructs._access import decision
from personalize_kms_constructs._access.answers import Answer
from personalize_kms_constructs._access.calls import Caller, call_on
from personalize_kms_constructs._access.model import Key, Role
from tests.access.models import ACCOUNT, ANOTHER_ACCOUNT, KEY, REGION, ROLE, policy
from tests.access.test_random_questions import (
    KEY_RESOURCES,
    KMS_ACTIONS,
    OF_SERVICE,
    ROLE_CONDITIONS,
    SERVICE_CONDITIONS,
    statements,
)

QUESTIONS = 400
# Parts of strings that a parameter stands in the place of, and what a parameter may turn out to be. It is no "*": a
# principal that isn't known is taken for somebody, and not for everybody, Personalize included.
PARTS = (ACCOUNT, REGION, "PersonalizeRole", "role/other", "key/", "true", "AssumedRole", ROLE, KEY, "personalize")
VALUES = (*PARTS, ANOTHER_ACCOUNT, "us-east-1", "false", "other", "role/a:b", "")


@dataclass
class Question:
    """What is said of the role and of Personalize."""

    on_key: Any
    for_service: Any
    in_iam: Any
    boundary: Any

    @staticmethod
    def drawn(draw: random.Random) -> Question:
        """Return random statements."""
        of_role = (KMS_ACTIONS, KEY_RESOURCES, ROLE_CONDITIONS)
        return Question(
            on_key=statements(draw, 3, *of_role, principals=True),
            for_service=statements(draw, 3, KMS_ACTIONS, KEY_RESOURCES, SERVICE_CONDITIONS, principals=True),
            in_iam=statements(draw, 2, *of_role),
            boundary=statements(draw, 2, *of_role) if draw.random() < 0.3 else None,
        )

    def with_strings(self, change: Callable[[str], str]) -> Question:
        """Return it with other strings."""
        return Question(*(changed(each, change) for each in vars(self).values()))

    def answers(self) -> tuple[Answer, Answer]:
        """Return what is decided for the role and for Personalize."""
        role = Role(ROLE, identity=[policy("IAM", self.in_iam)])
        if self.boundary is not None:
            role.boundary = policy("boundary", self.boundary)
        caller = Caller(ROLE, ACCOUNT, REGION, is_bounded=self.boundary is not None)
        on_key, for_service = (Key(KEY, [policy("key", each)]) for each in (self.on_key, self.for_service))
        return (
            decision.role_on_key(call_on(on_key, caller, "kms:Decrypt", KEY), role, on_key).answer,
            decision.service_on(call_on(for_service, OF_SERVICE, "kms:Decrypt", KEY), for_service).answer,
        )


def changed(value: Any, change: Callable[[str], str]) -> Any:
    """Return statements with other principals, resources and values of conditions."""
    if isinstance(value, dict):
        fixed = ("Effect", "Action", "NotAction")
        return {name: each if name in fixed else changed(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [changed(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


def test_what_is_decided_stays_decided() -> None:
    """For the role on a key, with IAM policies and maybe a boundary, and for Personalize."""
    draw = random.Random(22)

    def parameter(text: str) -> str:
        part = draw.choice([each for each in PARTS if each in text] or [text])
        return text.replace(part, f"${{Main.Parameter{draw.randrange(4)}?}}") if draw.random() < 0.3 else text

    answers: Counter[Answer] = Counter()
    wrong = []
    for _ in range(QUESTIONS):
        question = Question.drawn(draw).with_strings(parameter)
        unknown = question.answers()
        answers.update(unknown)
        for _ in range(4):
            values = [draw.choice(VALUES) for _ in range(4)]
            known = question.with_strings(
                lambda text: re.sub(r"\$\{Main\.Parameter(\d)\?\}", lambda hole: values[int(hole[1])], text)  # noqa: B023
            )
            for before, after in zip(unknown, known.answers(), strict=True):
                if before is not Answer.MAYBE and before is not after:
                    wrong.append((before, after, values, question))
    assert wrong == [], json.dumps([str(each) for each in wrong[:5]], indent=1)
    assert min(answers.values()) > QUESTIONS / 20
