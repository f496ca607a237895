"""The resources and constructs that reports are about, in the templates of an app."""

from __future__ import annotations

from itertools import takewhile
from pathlib import PurePath
from typing import NamedTuple


class Declaration(NamedTuple):
    """A resource of a template, or a construct that stands for one."""

    template: str
    """The path of the template's file."""
    construct_path: str
    logical_id: str = ""
    """Empty for a construct."""

    @property
    def where(self) -> dict[str, str]:
        """The place of it in a report.

        A template of a stage has its directory with it, as in ``assembly-Prod/ProdMain.template.json``.
        """
        *above, file = PurePath(self.template).parts
        stages = list(takewhile(lambda part: part.startswith("assembly-"), reversed(above)))
        name = {"logical_id": self.logical_id} if self.logical_id else {"construct_path": self.construct_path}
        return {"template": "/".join([*reversed(stages), file]), **name}


def template_of(declared: Declaration | None) -> str:
    """Return the template that declares something; empty for what no template makes."""
    return declared.template if declared is not None else ""
