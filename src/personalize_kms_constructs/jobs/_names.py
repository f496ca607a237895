"""The name of a job, and with it the ARNs that the job may have."""

from __future__ import annotations

import re

from aws_cdk import Names
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from ._expressions import is_jsonata, is_known, json_path_source, jsonata_source
from ._given_paths import jsonata_operands

# Names have 63 characters (https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html); a hyphen
# and the 36 characters of a UUID are kept free.
_MAX_PREFIX_LENGTH = 63 - 37
_JSONATA_STRING = re.compile(r"""(['"])(?P<beginning>[\w-]+)\1""", re.ASCII)
_FORMAT = re.compile(r"States\.Format\('(?P<beginning>[\w-]+)\{\}", re.ASCII)


class JobName:
    """A name that was given, or one that is made each time the fragment is entered."""

    def __init__(self, scope: Construct, given: str | None, *, in_json_path: bool) -> None:
        self.is_given = given is not None
        if given is not None:
            self.value = given
            self.pattern = given if is_known(given) else f"{_known_beginning(given)}*"
            return
        prefix = Names.unique_resource_name(scope, max_length=_MAX_PREFIX_LENGTH)
        self.value = (
            sfn.JsonPath.format(f"{prefix}-{{}}", sfn.JsonPath.uuid())
            if in_json_path
            else f"{{% '{prefix}-' & $uuid() %}}"
        )
        """The name, or the expression that makes it, in the language of the job's parameters."""
        self.pattern = f"{prefix}-*"
        """All names that the job may have, for policies."""


def _known_beginning(name: str) -> str:
    """Return the text that an expression puts first, so that policies needn't allow all names."""
    if is_jsonata(name):
        operands = jsonata_operands(jsonata_source(name))
        found = _JSONATA_STRING.fullmatch(operands[0]) if len(operands) > 1 else None
    else:
        found = _FORMAT.match(json_path_source(name))
    return found["beginning"] if found else ""
