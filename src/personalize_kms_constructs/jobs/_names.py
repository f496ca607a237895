"""The name of a job, and with it the ARN that the job has whoever started it."""

from __future__ import annotations

from aws_cdk import Names, Stack
from constructs import Construct

from ..callers import Call, personalize_arn
from ._parameters import Parameters, is_json_path, is_jsonata, jsonata_source

# Names have 63 characters (https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html); a hyphen
# and the 40 digits of SHA-1 are kept free.
_MAX_PREFIX_LENGTH = 63 - 41


class JobName:
    """A name given, or one that is derived from the execution."""

    def __init__(self, scope: Construct, call: Call, given: str | None, parameters: Parameters) -> None:
        self.is_given = given is not None
        stack = Stack.of(scope)

        def arn(name: str) -> str:
            return personalize_arn(stack, call.resource_type, name)

        expression, any_name = "", "*"
        if given is None:
            prefix = Names.unique_resource_name(scope, max_length=_MAX_PREFIX_LENGTH)
            expression, any_name = f"'{prefix}-' & $hash({_seed(parameters)}, 'SHA-1')", f"{prefix}-*"
        elif is_jsonata(given):
            expression = f"({jsonata_source(given)})"
        elif is_json_path(given):
            expression = "$states.input.JobName"
        else:
            any_name = given
        self.arn_pattern = arn(any_name)
        """Every ARN that the job may have, for policies."""
        self.expression = expression
        """JSONata for the name, in the state that starts the job; empty if the name is known."""
        self.value = f"{{% {expression} %}}" if expression else any_name
        """The name, in that state."""
        self.arn = f"{{% '{arn('')}' & {expression} %}}" if expression else self.arn_pattern
        """The job's ARN, in that state."""


def _seed(parameters: Parameters) -> str:
    """What the name depends on: the same in a retry and a redrive, different for each item of a Map."""
    parts = ["$states.context.Execution.Id", "$states.context.Map.Item.Index"]
    if parameters.has_json_paths:
        parts.append("$string($states.input)")
    elif parameters.expressions:
        parts.append(f"$string([{', '.join(f'({expression})' for expression in parameters.expressions)}])")
    return " & '/' & ".join(parts)
