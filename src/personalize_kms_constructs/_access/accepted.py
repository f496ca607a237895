"""Folders of Personalize and names of roles in IAM, with the words that constructs and check share.

Tokens of the CDK are holes here, as those of templates: both may become any string.
"""

from __future__ import annotations

import re

from .values import HOLE

NOT_A_FOLDER = "which is not a folder"
END_IN_SLASH = "end it in /"
ANOTHER_FOLDER = "but Personalize wants another folder for the output"

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_OPEN_END = re.compile(f"{HOLE.pattern}$")


def is_folder(prefix: str) -> bool:
    """Tell if Personalize can write below this prefix: the whole bucket, or what ends in a slash or may do so."""
    return not prefix or prefix.endswith("/") or _OPEN_END.search(prefix) is not None


def folder(prefix: str) -> str:
    """Return the part of a prefix that tells two folders apart."""
    return prefix.rstrip("/")


def is_role_name(name: str) -> bool:
    """Tell if IAM takes the name, whatever its unknown parts turn out to be: a letter at least."""
    return _ROLE_NAME.fullmatch(HOLE.sub("x", name)) is not None
