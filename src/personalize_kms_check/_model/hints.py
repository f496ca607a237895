"""Hints on values that aren't known before deployment: the options that tell them."""

from __future__ import annotations

import re

PASS_PARAMETERS = "pass the parameters of that condition with --parameters NAME=VALUE"
# The names of holes, without those of resources and functions.
_PARAMETER = re.compile(r"[^ .]+\.(?P<own>\w+)|(?P<pseudo>AWS::(?:AccountId|Partition|Region))")
_FUNCTION = re.compile(r"Fn::(?:FindInMap|If) \S+ by |Fn::Join of |item \d+ of |parts of ")
_OF_ANOTHER_STACK = re.compile(r"(?:export|output) .+")


def how_to_tell(parts: object) -> str:
    """Return what helps where parts of a value aren't known, by their names; empty for no part."""
    options: list[str] = []
    helps: dict[str, None] = {}
    joined = " and ".join(parts) if isinstance(parts, tuple) else ""
    for part in filter(None, _FUNCTION.sub("", joined).split(" and ")):
        parameter = _PARAMETER.fullmatch(part)
        if parameter:
            options.append(f"--parameters {parameter['own'] or parameter['pseudo']}=…")
        elif part.startswith("Fn::If "):
            helps[PASS_PARAMETERS] = None
        elif _OF_ANOTHER_STACK.fullmatch(part):
            helps["pass the template of the stack that has it as well"] = None
        elif ".Outputs." in part:
            helps["put the template of that nested stack beside this file"] = None
        elif part.startswith("account of arn") and ":s3:::" in part:
            helps[
                "pass the bucket's account in from_bucket_attributes, or check the account "
                "with personalize-kms doctor"
            ] = None
        else:
            helps["write the value itself, or check the account with personalize-kms doctor"] = None
    passed = f"pass {' '.join(dict.fromkeys(options))}"
    return "; ".join([*([passed] if options else []), *helps])
