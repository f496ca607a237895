"""Names and paths that Personalize and IAM take, with the words that constructs and check share.

Tokens of the CDK are holes here, as those of templates: both may become any string.
"""

from __future__ import annotations

import re

from ._values import HOLE, WRITTEN

NOT_A_FOLDER = "which is not a folder"
END_IN_SLASH = "end it in /"
ANOTHER_FOLDER = "but Personalize wants another folder for the output"
IS_NO_NAME = "is not a name that Personalize takes"
USE_A_NAME = "use 1 to 63 letters, digits, hyphens and underscores, and begin with a letter or digit"
ARE_WILDCARDS = "'*', '?' and '${' are wildcards and variables in policies and would allow other objects too"
USE_A_PREFIX = "use a prefix without them"
GIVE_THE_PREFIX = "pass only the key prefix below the bucket, without a leading slash or s3:// address, as 'import/'"

# https://docs.aws.amazon.com/personalize/latest/dg/API_S3DataConfig.html
MAX_URI_LENGTH = 256

# https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetGroup.html; jobs, datasets and metric attributions
# have the same pattern.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}")
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_OPEN_END = re.compile(f"{HOLE.pattern}$")


def is_folder(prefix: str) -> bool:
    """Tell if Personalize can write below this prefix: the whole bucket, or what ends in a slash or may do so."""
    return not prefix or prefix.endswith("/") or _OPEN_END.search(prefix) is not None


def folder(prefix: str) -> str:
    """Return the part of a prefix that tells two folders apart."""
    return prefix.rstrip("/")


def is_path(prefix: str) -> bool:
    """Tell if something else than a key prefix is given for one."""
    return prefix.startswith("/") or "://" in prefix


def is_pattern(prefix: str) -> bool:
    """Tell if a prefix means more in a policy than it says."""
    known = HOLE.sub("", prefix)
    return any(special in known for special in ("*", "?", WRITTEN))


def least_length(uri: str) -> int:
    """Return the length of a path, without what isn't known of it."""
    return len(HOLE.sub("", uri))


def is_name(name: str) -> bool:
    """Tell if Personalize takes the name, whatever its unknown parts turn out to be: a letter at least."""
    return _NAME.fullmatch(HOLE.sub("x", name)) is not None


def is_role_name(name: str) -> bool:
    """Tell if IAM takes the name, whatever its unknown parts turn out to be: a letter at least."""
    return _ROLE_NAME.fullmatch(HOLE.sub("x", name)) is not None
