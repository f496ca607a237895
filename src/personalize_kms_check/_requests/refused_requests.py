"""Requests refused by Personalize, whatever the policies say."""

from __future__ import annotations

from .. import matrix
from .._model.causes import Cause, Reason
from .._model.finding import Finding
from .._model.requests import S3_URI
from .._shared.values import MARK, has_unknown, split_arn
from .._templates.physical import alias_in
from .request import TemplateRequest

EXPRESS_PAGE = "https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html"


def refusals(request: TemplateRequest, *, waits: bool = False) -> list[Finding]:
    """Return the problems with role, key and paths, and with Express machines waiting for a job.

    With these problems the check couldn't know the permissions to ask for. Other refusals are left
    to Personalize.
    """
    problems: list[Finding] = []
    refused = _refused(request)
    if waits and request.is_express:
        refused.append((Reason.of(Cause.ENDS_EARLY), EXPRESS_PAGE))
    for reason, page in refused:
        problem = Finding(
            kind="configuration",
            name=request.name,
            subject=request.name,
            reason=reason,
            page=page,
            places=(request.resource.declared,),
        )
        problems.append(problem)
    return problems


def _refused(request: TemplateRequest) -> list[tuple[Reason, str]]:
    role, key, is_of_group = request.role_arn, request.key_arn, request.is_of_group
    if role is None and not is_of_group:
        return [(Reason.of(Cause.NO_ROLE), matrix.KMS_PAGE)]
    if role is None:
        return [] if key is None else [(Reason.of(Cause.KEY_WITHOUT_ROLE), matrix.KMS_PAGE)]
    if is_of_group and key is None:
        return [(Reason.of(Cause.ROLE_WITHOUT_KEY), matrix.KMS_PAGE)]
    refused: list[tuple[Reason, str]] = []
    arns: list[tuple[str, str, str | None]] = [("its role", "role", role)]
    if is_of_group:
        arns.append(("the dataset group's key", "key", key))
    for side, (path, key_of_side) in request.paths.items():
        arns.append((f"the key of its {side}", "key", key_of_side))
        if path is not None and not path.startswith((S3_URI, "${")):
            reason = Reason.of(Cause.NO_S3_URI, what=side, given=repr(path))
            refused.append((reason, request.permissions.page))
    for subject, kind, arn in arns:
        if arn is not None and _is_no_arn(arn, kind):
            reason = Reason.of(Cause.NO_ARN, what=subject, given=arn, kind=kind)
            refused.append((reason, matrix.KMS_PAGE))
    return refused


def _is_no_arn(text: str, kind: str) -> bool:
    """Tell if a key or a role isn't named by its ARN, the only name Personalize takes."""
    parts = split_arn(text)
    if parts is None or MARK in text:
        return not has_unknown(text)
    return kind == "key" and alias_in(text) != ""
