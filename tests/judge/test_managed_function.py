"""The managed function adds statements to imported key policies, and replaces none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource
from personalize_kms_constructs.checks import check_assembly
from tests.judge.apps import LACKS, break_key_policy, encryption, failure, new_app, told


def of_ssm(stack: cdk.Stack) -> str:
    return ssm.StringParameter.value_for_string_parameter(stack, "/security/key")


def of_import(_: cdk.Stack) -> str:
    return cdk.Fn.import_value("key-arn")


class CompanyStack(cdk.Stack):
    """A stack whose logical ids begin with the company's name."""

    def _allocate_logical_id(self, cfn_element: Any) -> str:
        return f"Company{super()._allocate_logical_id(cfn_element)}"


@pytest.mark.parametrize(("key_arn", "of"), [(of_ssm, cdk.Stack), (of_import, CompanyStack)])
def test_the_function_replaces_no_policy_of_another_key(
    key_arn: Callable[[cdk.Stack], str], of: type[cdk.Stack], tmp_path: Path
) -> None:
    """It merges statements into the policy of one key, whose ARN the deployment knows."""
    app = new_app(tmp_path)
    stack = of(app, "Main", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    PersonalizeEncryption(
        stack,
        "Imported",
        encryption_key=kms.Key.from_key_arn(stack, "Key", key_arn(stack)),
        imported_key_policy=ImportedKeyPolicy.MANAGED,
        resources=[PersonalizeResource.dataset_group()],
    )
    made = encryption(stack)
    report = check_assembly(app.synth())
    of_own_key = [entry for entry in report.undecided if "Main/Encryption" in str(entry.needed_by)]
    assert of_own_key == []
    break_key_policy(made)
    assert LACKS in failure(lambda: app.synth(force=True))
    assert ("MissingKeyAccess", "error", "Main/Encryption") in told(app)


def test_it_adds_to_the_policy_of_a_key_that_another_stack_exports(tmp_path: Path) -> None:
    """The stack with the key is the app's, too, and knows nothing of the statements."""
    app = new_app(tmp_path)
    env = cdk.Environment(account="111111111111", region="eu-west-1")
    keys, main = cdk.Stack(app, "Keys", env=env), cdk.Stack(app, "Main", env=env)
    cdk.CfnOutput(keys, "Arn", value=kms.Key(keys, "Key").key_arn, export_name="key-arn")
    PersonalizeEncryption(
        main,
        "Encryption",
        encryption_key=kms.Key.from_key_arn(main, "Key", of_import(main)),
        imported_key_policy=ImportedKeyPolicy.MANAGED,
    ).add_dataset_group("Movies", name="movies")
    report = check_assembly(app.synth())
    assert (report.missing, report.undecided, report.problems) == ((), (), ())
