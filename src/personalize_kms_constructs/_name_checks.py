"""Checks of names and ids, and of what Personalize takes one of a few words for."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import Any

from aws_cdk import CfnResource

from ._argument_types import shown
from ._policies.roles import RoleFacts
from ._policies.sizes import size_of
from ._template_conditions import may_both_be_made
from ._tokens import is_token, is_yet_to_be_looked_up, shortest

# https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetGroup.html; jobs, datasets and metric
# attributions have the same pattern.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}")
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
_LONGEST_ROLE_NAME = 64
_ROLE_NAME = re.compile(rf"[\w+=,.@-]{{1,{_LONGEST_ROLE_NAME}}}", re.ASCII)
# https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetGroup.html
_DOMAINS = ("ECOMMERCE", "VIDEO_ON_DEMAND")
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-personalize-dataset.html
_DATASET_TYPES = ("Interactions", "Items", "Users", "Actions", "Action_Interactions")
_OWN_IDS = re.compile(r"Key|Role|Policy\d*|KeyPolicy[0-9A-F]{8}|EncryptionKey|ServiceRole|Warnings")


def id_problems(id: object, taken: Container[str]) -> Iterator[str]:
    """Explain that an id is none, or is taken, by a child that the construct has or may have later."""
    if not isinstance(id, str) or not id or is_token(id):
        yield f"id is {shown(id)} but an id is expected: pass a string that is known at synth, as 'Movies'"
    elif _OWN_IDS.fullmatch(id) or id in taken:
        yield f"id {id!r} is that of another child of the construct: use another id, such as {id + 'Resource'!r}"


def group_name_problems(groups: Sequence[tuple[Any, CfnResource]], own: Container[object]) -> Iterator[str]:
    """Explain that Personalize refuses the names of dataset groups of the construct, as they are in the end.

    Args:
        groups: the dataset groups of the stack with their resolved names, the construct's own and others.
        own: those of the construct.
    """
    others: dict[str, list[CfnResource]] = {}
    for name, group in groups:
        if group in own and isinstance(name, str):
            yield from name_problems("name of the dataset group", name)
        before = others.setdefault(str(name), [])
        rivals = [each for each in before if (each in own or group in own) and may_both_be_made(each, group)]
        before.append(group)
        if rivals:
            rival = rivals[0] if group in own else group
            shown = repr(name) if isinstance(name, str) else "of an expression"
            yield (
                f"name of the dataset group {shown} is taken by another dataset group of the stack, "
                f"{rival.node.path}, and names are unique in an account and Region: use another name, or set "
                "cfn_options.condition on both, to conditions of which only one holds"
            )


def name_problems(what: str, name: object) -> Iterator[str]:
    """Explain that Personalize's API would refuse a name."""
    if is_yet_to_be_looked_up(name):
        return
    if not isinstance(name, str) or not _NAME.fullmatch(shortest(name)):
        yield (
            f"{what} {shown(name)} is not a name that Personalize takes: use 1 to 63 letters, digits, hyphens and "
            "underscores, and begin with a letter or digit"
        )


def role_name_at_synth_problems(role: RoleFacts, name: object) -> Iterator[str]:
    """Explain that what became of the role's name is no name, or that the role made here has lost its own."""
    if name is None and role.is_made_here:
        yield (
            "the role made here has lost its name, without which CloudFormation makes another role in place of the one "
            "that is in use: give another name, by role_name=, instead of none"
        )
    elif name is not None:
        yield from _finished_role_name_problems(role.name, name)


def _finished_role_name_problems(role: str, name: Any) -> Iterator[str]:
    literal, length = _literal_part(name), size_of(name).least - len('""')
    is_exact = literal == name
    if not _ROLE_NAME.fullmatch(literal if is_exact else literal or "x") or length > _LONGEST_ROLE_NAME:
        yield (
            f"role {role} has got the name {literal!r} of {length} characters{'' if is_exact else ' or more'} but IAM "
            "takes 1 to 64 letters, digits and characters of '+=,.@-_': give a shorter one, by role_name= for the role "
            "made here"
        )


def _literal_part(name: Any) -> str:
    """Return what is literal in a resolved name."""
    match name:
        case str():
            return name
        case {"Fn::Join": ["", list(parts)]}:
            return "".join(part for part in parts if isinstance(part, str))
    return ""


def role_name_problems(role_name: object) -> Iterator[str]:
    """Explain that IAM would refuse the name of a role."""
    if role_name is None:
        return
    if not isinstance(role_name, str) or not _ROLE_NAME.fullmatch(shortest(role_name)):
        yield (
            f"role_name is {shown(role_name)} but IAM takes 1 to 64 letters, digits and characters of '+=,.@-_': use a "
            "name of these"
        )


def domain_problems(domain: object) -> Iterator[str]:
    """Explain that a domain is none of Personalize's."""
    if domain is not None:
        yield from _choice_problems("domain", domain, _DOMAINS)


def dataset_type_problems(dataset_type: object) -> Iterator[str]:
    """Explain that a dataset type is none of Personalize's."""
    yield from _choice_problems("dataset_type", dataset_type, _DATASET_TYPES)


def _choice_problems(what: str, value: object, allowed: Sequence[str]) -> Iterator[str]:
    if is_yet_to_be_looked_up(value) or (isinstance(value, str) and is_token(value)):
        return
    if value not in allowed:
        yield f"{what} is {shown(value)} but Personalize takes {', '.join(map(repr, allowed))}: use one of them"
