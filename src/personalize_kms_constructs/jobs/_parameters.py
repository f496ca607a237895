"""The parameters of an API call: literals, tokens, JsonPath expressions or JSONata expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from aws_cdk import Fn, Names, Stack, Token
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from personalize_kms_check.matrix import Permissions

from .._grant.environments import personalize_arn_problems
from .._grant.place import Place
from .._refusals.arguments import brief, kind_of_arn
from .._refusals.names import choice_problems, name_problems
from .._tokens import TOKEN, is_replaced_later, is_token
from ..callers import personalize_arn
from ._run_time import (
    is_json_path,
    is_jsonata,
    is_known,
    is_of_state,
    json_path_source,
    jsonata_operands,
    jsonata_source,
    leaves,
    text_problems,
)

# Names have 63 characters
# (https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html); a hyphen and
# the 36 characters of a UUID are kept free.
_MAX_PREFIX_LENGTH = 63 - 37
_JSONATA_TEXT = re.compile(r"""(['"])(?P<text>[^'"\\]*)\1""")
_FORMAT_TEXT = re.compile(r"States\.Format\('(?P<text>[^'\\]*)'")
_BEGINNING = re.compile(r"[\w-]+", re.ASCII)

_WEIGHT = ("a number from 0 to 1", lambda number: 0 <= number <= 1)
# https://docs.aws.amazon.com/personalize/latest/dg/API_CreateBatchInferenceJob.html
_NUMBERS: dict[str, tuple[str, Callable[[float], bool] | None]] = {
    "NumResults": ("a whole number", lambda number: number >= 0 and number % 1 == 0),
    "POPULARITY": _WEIGHT,
    "FRESHNESS": _WEIGHT,
}

# The last parts of ARNs.
DATASET = "dataset/DATASET_GROUP/TYPE"
DATASET_GROUP = "dataset-group/NAME"
SOLUTION_VERSION = "solution/NAME/VERSION"
FILTER = "filter/NAME"


def without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: without_none(entry) for key, entry in value.items() if entry is not None}
    return value


def expression_problems(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Explain why one state can't evaluate these arguments."""
    values = leaves(arguments)
    for value in values:
        yield from text_problems("a parameter", value)
    expressions = [jsonata_source(value) for value in values if is_jsonata(value)]
    if expressions and is_json_path(arguments):
        # The long expressions are those that the fragment makes of paths.
        example = min(expressions, key=len)
        yield (
            "parameters are JsonPath and JSONata expressions, but a state has a single "
            f"language: use the same for all, for example {{% {example} %}}"
        )


def value_problems(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Explain why no state can have a value, or why Personalize's API would refuse a number."""
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            yield from value_problems(value)
            continue
        expected, fits = _NUMBERS.get(name, ("a string, a number, true or false", None))
        is_right = all(map(is_of_state, leaves(value)))
        if is_right and fits and not is_jsonata(value) and not Token.is_unresolved(value):
            is_right = type(value) in (int, float) and fits(value)
        if not is_right and not str(name).endswith("Arn"):  # an ArnParameter
            got = value if isinstance(value, float) else brief(value)
            yield f"{name} is {got}, expected {expected}: pass one, or an expression"


def in_json_path(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments in a JSONPath state's form, with ``.$`` after the keys of expressions."""
    return cast("dict[str, Any]", sfn.FieldUtils.render_object(arguments))


@dataclass(frozen=True)
class ArnParameter:
    """A parameter for the ARN of an existing resource of Personalize."""

    name: str
    value: str
    form: str
    """The last part of such an ARN, for example ``FILTER``."""

    def problems(self, stack: Stack) -> Iterator[str]:
        """Explain that this isn't the ARN of such a resource in the stack's environment."""
        value = self.value
        yield from text_problems(self.name, value)
        if isinstance(value, str) and ("{%" in value or is_replaced_later(value)):
            return
        if not self._fits(value):
            l1 = "" if self.form == SOLUTION_VERSION else ", for example the attr_…_arn of an L1"
            yield (
                f"{self.name} is {brief(value)}, expected an ARN of the form "
                f"arn:aws:personalize:REGION:ACCOUNT:{self.form}: pass one{l1}, or an "
                "expression, for example sfn.JsonPath.string_at('$.arn')"
            )
        elif not is_token(value):
            yield from personalize_arn_problems(self.name, value, Place.of(stack))

    def _fits(self, value: object) -> bool:
        """Tell if a value is such an ARN, or may become one."""
        if not isinstance(value, str):
            return False
        if is_token(value):
            kind = kind_of_arn(value)
            # There is an L1 for solutions, and none for their versions.
            is_of_kind = self.form != SOLUTION_VERSION and kind == self.form.split("/")[0]
            return is_of_kind or not kind
        names = re.sub("[A-Z_]+", r"[\\w-]+", self.form)
        return re.fullmatch(rf"arn:[\w-]+:personalize:[\w-]+:\d+:{names}", value) is not None

    def parents(self, row: Permissions, stack: Stack) -> Iterator[str]:
        """Yield more ARNs on which the caller needs the API's action."""
        if not row.parent:
            return
        if not is_known(self.value):
            yield personalize_arn(stack, row.parent, "*")
            return
        if self.form == SOLUTION_VERSION:
            # The reference has one type for a solution and its version, and doesn't say which ARN
            # IAM compares.
            parts = Fn.split("/", self.value, 3) if is_token(self.value) else self.value.split("/")
            yield Fn.join("/", parts[:2])
        yield self.value


class JobName(NamedTuple):
    """The name of each job of a fragment."""

    value: str
    """The name, or an expression for it, in the language of the job's parameters."""
    pattern: str
    """A pattern for all names of the job, for policies."""
    is_new: bool
    """True if no other job can have the name."""


def job_name_of(scope: Construct, job_name: str | None, *, as_json_path: bool) -> JobName:
    """Return the given name, or a new name for each time the fragment is entered."""
    if job_name is not None:
        pattern = job_name if is_known(job_name) else f"{_known_beginning(job_name)}*"
        return JobName(job_name, pattern, is_new=_is_always_new(job_name))
    prefix = Names.unique_resource_name(scope, max_length=_MAX_PREFIX_LENGTH)
    if as_json_path:
        name = sfn.JsonPath.format(f"{prefix}-{{}}", sfn.JsonPath.uuid())
    else:
        name = f"{{% '{prefix}-' & $uuid() %}}"
    return JobName(name, f"{prefix}-*", is_new=True)


def job_name_problems(job_name: object) -> Iterator[str]:
    if job_name is not None:
        inside_of_text = list(text_problems("job_name", job_name))
        parts = _parts(job_name) if isinstance(job_name, str) else []
        known = "".join("x" if part is None else part for part in parts)
        yield from inside_of_text or name_problems("job_name", job_name, known)


def mode_problems(subject: str, value: object, *allowed: str) -> Iterator[str]:
    """Explain that a literal is no value of the API's enumeration."""
    if value is not None and not is_jsonata(value):
        yield from choice_problems(subject, value, allowed)


def tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]] | None:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()] if tags else None


def _is_always_new(name: str) -> bool:
    """Tell if an expression puts a UUID into the name, as the names made here do."""
    if is_jsonata(name):
        return "$uuid()" in jsonata_operands(jsonata_source(name))
    return is_json_path(name) and "States.UUID()" in json_path_source(name)


def _parts(name: str) -> list[str | None]:
    """Return the literal parts of a name, and None for each part evaluated in an execution."""
    if is_jsonata(name):
        texts = map(_JSONATA_TEXT.fullmatch, jsonata_operands(jsonata_source(name)))
        return [text and text["text"] for text in texts]
    if not TOKEN.fullmatch(name) or not is_json_path(name):
        return [name]
    template = _FORMAT_TEXT.match(json_path_source(name))
    if template is None:
        return [None]
    first, *others = template["text"].split("{}")
    parts: list[str | None] = [first]
    for text in others:
        parts += [None, text]
    return parts


def _known_beginning(name: str) -> str:
    """Return the known beginning of an expression, so policies needn't allow all names."""
    first, *others = _parts(name)
    return first if first and others and _BEGINNING.fullmatch(first) else ""
