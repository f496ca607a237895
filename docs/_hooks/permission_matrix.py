"""Writes the permission matrix into its page, from the rows that the constructs use.

So the page can't say anything else than what is granted. Each cell links to the AWS
page it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mkdocs.structure.pages import Page

from personalize_kms_constructs import PersonalizeResource
from personalize_kms_constructs.matrix import KMS_PAGE, Actions, Permissions, S3Access

_PLACE = "<!-- permission-matrix -->"

_KEYS = "**key policy** of every key involved, for the role and for the service"
_GROUP_KEY = "**key policy** of the dataset group's key, for both, besides those"
_ROLE_ON_KEYS = "**role's IAM policy**, on every key involved"
_ROLE_ON_ALL = "**role's IAM policy**, on `*`"
_BOTH_ON_DATA = "**role's IAM policy**, and **bucket policy** for the service"


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Put the tables where the page wants them."""
    if page.file.src_uri != "matrix.md":
        return markdown
    if _PLACE not in markdown:
        raise ValueError(f"matrix.md has no place for the matrix: add {_PLACE}")
    members = vars(PersonalizeResource).items()
    factories = [name for name, member in members if isinstance(member, staticmethod)]
    tables = "\n".join(line for factory in factories for line in _section(factory))
    return markdown.replace(_PLACE, tables)


def _section(factory: str) -> Iterator[str]:
    """One table for a resource: narrow enough for a phone."""
    row: Permissions = getattr(PersonalizeResource, factory)().permissions
    name = f"PersonalizeResource.{factory}"
    yield f"## {row.resource.capitalize()}\n"
    yield f"[`{name}`][personalize_kms_constructs.{name}]\n"
    if row.note:
        yield f"{row.note}\n"
    yield "| policy | actions |"
    yield "|---|---|"
    for policy, actions in _lines(row):
        yield f"| {policy} | {actions} |"
    yield ""


def _lines(row: Permissions) -> Iterator[tuple[str, str]]:
    # What is about KMS is on one page for all resources, and everything else on a page
    # of the resource's own.
    (other_page,) = [page for page in row.pages if page != KMS_PAGE] or [KMS_PAGE]
    yield _KEYS, _linked(row.key_policy, KMS_PAGE)
    if row.dataset_group_key_policy:
        yield _GROUP_KEY, _linked(row.dataset_group_key_policy, KMS_PAGE)
    yield _ROLE_ON_KEYS, _linked(row.role_on_keys, KMS_PAGE)
    if row.source is not None:
        yield from _access_lines("data it reads", row.source, other_page)
    if row.destination is not None:
        yield from _access_lines("data it writes", row.destination, other_page)
    if row.role_on_everything:
        yield _ROLE_ON_ALL, _linked(row.role_on_everything, other_page)


def _access_lines(data: str, access: S3Access, page: str) -> Iterator[tuple[str, str]]:
    yield f"{_BOTH_ON_DATA}, on the {data}", _linked([access.on_objects], page)
    if access.on_bucket:
        on_bucket = f"{_BOTH_ON_DATA}, on the bucket of the {data}"
        yield on_bucket, _linked(access.on_bucket, page)


def _linked(groups: Sequence[Actions], page: str) -> str:
    """The actions, one a line, or that there are none, which AWS's page says too."""
    actions = sorted(action for group in groups for action in group.actions)
    return "<br>".join(f"[`{action}`]({page})" for action in actions or ["none"])
