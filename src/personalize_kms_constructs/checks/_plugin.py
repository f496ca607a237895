"""The checks as a validation plugin of the CDK."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import aws_cdk as cdk
import jsii

from personalize_kms_check._judging import RULES

from .._judge.registration import is_judged
from .._judge.violations import check_everything, plugin_report


@jsii.implements(cdk.IPolicyValidationPlugin)
class PersonalizeAccessChecks:
    """Fails the synth of an app where Personalize lacks access, and names the construct.

    Add it to the app:

        Validations.of(app).add_plugins(PersonalizeAccessChecks())

    A missing permission or a problem is an error; an excessive or undecided permission is a
    warning. Acknowledge a finding by the name of its rule, on the construct or above it:

        acknowledgment = Acknowledgment(id="Personalize::Undecided", reason="…")
        Validations.of(encryption).acknowledge(acknowledgment)

    The rules are ``Personalize::MissingKeyAccess``, ``MissingRoleAccess``,
    ``MissingBucketAccess``, ``ExcessKeyAccess``, ``ExcessRoleAccess``, ``ExcessBucketAccess``,
    ``Undecided``, ``Ordering``, ``Trust`` and ``Configuration``. ``Unencrypted`` is for the check
    at synth, which each ``PersonalizeEncryption`` brings to its app.

    The check at synth reports what uses the key or the role of a ``PersonalizeEncryption``. This
    plugin leaves out the same findings.

    https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
    """

    @property
    def name(self) -> str:
        """The plugin's name, the first part of its rules' names."""
        return "Personalize"

    @property
    def version(self) -> str:
        """The version of this library; ``0.0.0`` where it isn't installed as a package."""
        try:
            return version("personalize-kms-constructs")
        except PackageNotFoundError:
            return "0.0.0"

    @property
    def rule_ids(self) -> list[str]:
        """The rules."""
        return list(RULES)

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Return the findings in the templates of the app, or of the stage with the plugin."""
        has_judge = is_judged(context.app_construct)
        return plugin_report(check_everything(context, is_judged=has_judge))
