"""Checks of a whole app: who may do what in the templates that are deployed, beside what AWS's pages ask."""

from .checking import check_assembly
from .errors import AssemblyError
from .plugin import PersonalizeAccessChecks

__all__ = ["AssemblyError", "PersonalizeAccessChecks", "check_assembly"]
