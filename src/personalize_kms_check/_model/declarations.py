"""The subjects of reports: resources and constructs in the templates of an app."""

from __future__ import annotations

from pathlib import PurePath
from typing import NamedTuple

# Can be read only once.
STANDARD_INPUT = "-"


class Declaration(NamedTuple):
    """A resource of a template, or a construct that stands for a resource."""

    template: str
    """The path of the template's file."""
    construct_path: str
    logical_id: str = ""
    """Empty for a construct."""

    @property
    def path(self) -> str:
        """Its name in reports: the construct path; an L1 has its L2's."""
        return self.construct_path.removesuffix("/Resource")

    def is_below(self, other: Declaration) -> bool:
        is_of_template = self.template == other.template
        return is_of_template and self.construct_path.startswith(f"{other.construct_path}/")

    @property
    def is_of_cdk(self) -> bool:
        return self.template.endswith(".template.json")

    @property
    def where(self) -> dict[str, str]:
        """Its place in a report.

        A template of a stage has its directory with it: ``assembly-Prod/ProdMain.template.json``.
        """
        *directories, template = PurePath(self.template).parts
        while directories and directories[-1].startswith("assembly-"):
            template = f"{directories.pop()}/{template}"
        if self.logical_id:
            return {"template": template, "logical_id": self.logical_id}
        return {"template": template, "construct_path": self.construct_path}


def template_of(declared: Declaration | None) -> str:
    """Return the template of a resource; empty for a resource outside of all templates."""
    return declared.template if declared is not None else ""
