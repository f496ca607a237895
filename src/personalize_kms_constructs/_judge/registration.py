"""The judge that each app with a construct of ours has: a validation plugin, silent where all is well.

It sees the templates as they were written, after aspects, overrides and everything else, and answers for what this
library wrote: see ``_judge.verdict``, which is imported when there is something to judge.
"""

from __future__ import annotations

import gc
from typing import cast
from weakref import WeakSet

import aws_cdk as cdk
import jsii
from constructs import IConstruct

_MARK = "personalize-kms-constructs:judge"
"""The context key that switches it off, and the metadata by which others see that an app has it."""

_asked: WeakSet[IConstruct] = WeakSet()
"""The roots that were asked already, which saves most crossings into jsii; an implicit app is another object each time.
"""


def bring_judge(root: IConstruct) -> None:
    """Give an app its judge, unless it has one or the context says no."""
    if root in _asked:
        return
    _asked.add(root)
    if not isinstance(root, cdk.App):
        return
    if not is_judged(root) and str(root.node.try_get_context(_MARK)).lower() != "false":
        root.node.add_metadata(_MARK, True)
        cdk.Validations.of(root).add_plugins(cast("cdk.IPolicyValidationPlugin", Judge()))


def is_judged(root: IConstruct) -> bool:
    """Tell if an app has its judge."""
    return any(entry.type == _MARK for entry in root.node.metadata)


@jsii.implements(cdk.IPolicyValidationPlugin)
class Judge:
    """Fails the synth for what is certainly wrong in what this library wrote.

    It has neither version nor rules, since the CLI writes both into the templates' ``CDKMetadata``.
    """

    @property
    def name(self) -> str:
        """The first part of the names of its rules."""
        return "Personalize"

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Return the findings; nothing that can't be read fails the synth."""
        # Python's garbage collector would walk through all objects of the app again and again, a fifth of the time.
        is_collecting = gc.isenabled()
        gc.disable()
        try:
            # Only now, since importing them takes time that nobody has who synthesizes nothing.
            from .verdict import judge, plugin_report

            return plugin_report(judge(context))
        finally:
            if is_collecting:
                gc.enable()
