"""The judge of each app with a construct of ours: a validation plugin, silent if all is well.

It reads the templates as they are deployed, after aspects and overrides, and answers for whoever
uses the keys and roles of constructs: see ``personalize_kms_check._judging``, which is imported
when there is something to judge.
"""

from __future__ import annotations

from typing import cast
from weakref import WeakSet

import aws_cdk as cdk
import jsii
from constructs import IConstruct

_MARK = "personalize-kms-constructs:judge"
"""The context key that switches it off, and the metadata by which others see that it is there."""

_seen: WeakSet[IConstruct] = WeakSet()
"""The roots that have been seen.

Saves time: most crossings into jsii. An implicit app is a new object each time.
"""


def bring_judge(root: IConstruct) -> None:
    """Give an app its judge, unless it has a judge or the context says no."""
    if root in _seen:
        return
    _seen.add(root)
    if not isinstance(root, cdk.App):
        return
    if not is_judged(root) and str(root.node.try_get_context(_MARK)).lower() != "false":
        root.node.add_metadata(_MARK, True)
        cdk.Validations.of(root).add_plugins(cast("cdk.IPolicyValidationPlugin", Judge()))


def is_judged(root: IConstruct) -> bool:
    return any(entry.type == _MARK for entry in root.node.metadata)


@jsii.implements(cdk.IPolicyValidationPlugin)
class Judge:
    """Fails the synth if anything written by this library is certainly wrong.

    It has neither version nor rules, since the CLI writes both into the templates' ``CDKMetadata``.
    """

    @property
    def name(self) -> str:
        """The first part of the names of its rules."""
        return "Personalize"

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Return the findings; an unreadable template fails no synth."""
        # Saves time: an app that is constructed and not synthesized doesn't import these.
        from .violations import judge, plugin_report

        return plugin_report(judge(context))
