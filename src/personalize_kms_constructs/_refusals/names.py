"""Names, and arguments for which Personalize takes a few values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias, get_args

from personalize_kms_check._shared.accepted import IS_NO_NAME, USE_A_NAME, is_name
from personalize_kms_check._shared.values import as_text

from .._tokens import TOKEN, is_replaced_later, is_token
from .arguments import brief

# https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetGroup.html
Domain: TypeAlias = Literal["ECOMMERCE", "VIDEO_ON_DEMAND"]
DOMAINS: tuple[str, ...] = get_args(Domain)
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-personalize-dataset.html
DatasetType: TypeAlias = Literal["Interactions", "Items", "Users", "Actions", "Action_Interactions"]
DATASET_TYPES: tuple[str, ...] = get_args(DatasetType)
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


def name_problems(subject: str, name: object, known: str | None = None) -> Iterator[str]:
    """For an expression, ``known`` has a letter in place of each unknown part."""
    if is_replaced_later(name):
        return
    if isinstance(name, str):
        text = TOKEN.sub("x", name if known is None else known)
        if is_name(as_text(text)):
            return
    yield f"{subject} {brief(name)} {IS_NO_NAME}: {USE_A_NAME}"


def role_name_problems(role_name: object, service_role: object) -> Iterator[str]:
    """Explain that a name is for no role, or that IAM would refuse it."""
    if role_name is None:
        return
    if service_role is not None:
        yield "role_name is for the role made here, but service_role is set: leave one out"
    if is_replaced_later(role_name):
        return
    if not isinstance(role_name, str) or _ROLE_NAME.fullmatch(TOKEN.sub("x", role_name)) is None:
        yield (
            f"role_name is {brief(role_name)} but IAM takes 1 to 64 letters, digits and characters "
            "of '+=,.@-_': use a name of these"
        )


def choice_problems(subject: str, value: object, allowed: Sequence[str]) -> Iterator[str]:
    if is_replaced_later(value) or (isinstance(value, str) and is_token(value)):
        return
    if value not in allowed:
        values = ", ".join(map(repr, allowed))
        yield f"{subject} is {brief(value)} but Personalize takes {values}: use one of them"
