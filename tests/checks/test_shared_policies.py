"""Policies that several principals have: as templates attach them, and as owners of keys give."""

import random
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import check_assembly
from personalize_kms_check._model.report import AccessReport
from tests.checks.templates import (
    ACCOUNT,
    ACTIONS,
    IN_IAM,
    KEY,
    Json,
    check,
    complete,
    dataset,
    dataset_group,
    managed,
    policy,
    reading,
    role,
    write,
)

POLICY, ROLE = {"Ref": "Policy"}, {"Ref": "Role"}
USER = {"Type": "AWS::IAM::User", "Properties": {"UserName": "ada", "ManagedPolicyArns": [POLICY]}}
GROUP = {"Type": "AWS::IAM::Group", "Properties": {"ManagedPolicyArns": [POLICY]}}


STATEMENT = {"Effect": "Allow", "Action": [*IN_IAM, "kms:Encrypt"], "Resource": KEY}


def naming(**principals: list[Any]) -> Json:
    """The inline policy of the role, and of these."""
    return managed(STATEMENT, type="AWS::IAM::Policy", **principals)


@pytest.mark.parametrize(
    ("policy", "resources", "others"),
    [
        (naming(), {}, []),
        (naming(Roles=[ROLE, {"Ref": "Etl"}]), {"Etl": role()}, ["role/${Main.Etl}"]),
        (naming(Roles=[ROLE, "Etl"]), {"Etl": role(RoleName="Etl")}, ["role/Etl"]),
        (naming(Users=["ada"], Groups=["staff"]), {}, ["user/ada", "group/staff"]),
        (managed(STATEMENT), {}, []),
        (managed(STATEMENT), {"Etl": role(ManagedPolicyArns=[POLICY])}, ["role/${Main.Etl}"]),
        (managed(STATEMENT), {"Ada": USER, "Staff": GROUP}, ["user/ada", "group/${Main.Staff}"]),
    ],
)
def test_whoever_has_a_policy_is_named(
    policy: Json, resources: dict[str, Json], others: list[str], tmp_path: Path
) -> None:
    """The policy may name them, or they the policy."""
    report = check(tmp_path, complete(Policy=policy, **resources))
    assert [entry.action for entry in report.excess] == ["kms:Encrypt"]
    (of_role,) = report.policies
    assert of_role.also_for == tuple(f"arn:aws:iam::{ACCOUNT}:{path}" for path in others)
    # A role of the template has its path.
    words = ["Main/Etl" if "Etl" in path else f"arn:aws:iam::{ACCOUNT}:{path}" for path in others]
    assert (f"others use it too: {', '.join(words)}" in report.to_text()) == bool(others)


def test_a_role_is_no_other_than_itself(tmp_path: Path) -> None:
    """By the text of its ARN, in a stack that doesn't know its partition."""
    named = "arn:aws:iam::111122223333:role/Named"
    policy, movies = managed(STATEMENT, Roles=["Named"]), dataset_group(role=named)
    template = complete(Role=role(RoleName="Named"), Policy=policy, Movies=movies)
    report = check(tmp_path, template, region="unknown-region")
    assert [entry.action for entry in report.excess if entry.policy == "role"] == ["kms:Encrypt"]
    assert [policy.also_for for policy in report.policies if policy.policy == "role"] == [()]


SECURITY = "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
LAKE = "arn:aws:s3:::ratings"
SERVICE = {"Service": "personalize.amazonaws.com"}
DEV = {"AWS": "arn:aws:iam::111122223333:role/Dev"}


def allow(principal: Any, actions: list[str], **more: Any) -> Json:
    return {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*", **more}


def of_owners(accounts: dict[str, str]) -> Json:
    """The policies of the security account's key and of the lake, with more than stages need."""
    policies: Json = {SECURITY: [], LAKE: []}
    actions = [*ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"]
    for name, account in accounts.items():
        own = {"StringEqualsIfExists": {"aws:SourceAccount": account}}
        of_role = {"AWS": f"arn:aws:iam::{account}:role/{name}"}
        policies[SECURITY] += [allow(of_role, actions), allow(SERVICE, actions, Condition=own)]
        in_lake = {"Resource": [LAKE, f"{LAKE}/*"], "Condition": own}
        policies[LAKE].append(allow(SERVICE, ["s3:GetObject", "s3:ListBucket"], **in_lake))
    return policies


def of_stage(directory: Path, name: str, account: str, policies: Json) -> AccessReport:
    """The report on a stage whose role has all that it needs in IAM."""
    template = complete(
        Role=role(RoleName=name),
        Policy=policy(key=SECURITY, actions=IN_IAM if account in SECURITY else ACTIONS),
        Movies=dataset_group(key=SECURITY),
        Read=reading(),
        Data=dataset("Read"),
        Key={"Type": "AWS::SNS::Topic"},
    )
    given = {arn: {"Statement": statements} for arn, statements in policies.items()}
    return check_assembly(write(directory, {name: template}, account=account), policies=given)


def test_statements_are_added_to_a_given_policy(tmp_path: Path) -> None:
    """For those who lack something; what another stage has in the same account stays."""
    policies = of_owners({"Prod": ACCOUNT, "Dev": ACCOUNT})
    policies[SECURITY][2]["Action"] = ACTIONS[1:]
    report = of_stage(tmp_path, "Dev", ACCOUNT, policies)
    (change,) = report.policies
    assert (change.replaces, change.should_have) == ((), (allow(DEV, ACTIONS),))
    assert report.excess == ()
    assert f"\nkey policy of {SECURITY}, to add:\n" in report.to_text()


def test_a_new_stage_gets_the_statements_of_personalize_too(tmp_path: Path) -> None:
    """Another account's are there, with which Personalize may work or not."""
    report = of_stage(tmp_path, "Dev", ACCOUNT, of_owners({"Prod": "777788889999"}))
    own = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    (change,) = report.policies
    named = {"ArnEquals": {"aws:PrincipalArn": DEV["AWS"]}}
    of_role = allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ACTIONS, Condition=named)
    assert change.should_have == (of_role, allow(SERVICE, ACTIONS, Condition=own))


@pytest.mark.parametrize(
    ("statement", "causes", "replaces"),
    [
        (allow({"AWS": "777788889999"}, ["kms:*"]), set(), []),
        (allow(SERVICE, ACTIONS), {"for-any-account"}, []),
        (allow("*", ["kms:Decrypt"]), {"for-everybody"}, []),
        (allow({"AWS": [DEV["AWS"], "777788889999"]}, ["kms:Encrypt"]), {"not-asked"}, []),
        (allow(DEV, ["kms:*"]), {"wider-than-asked"}, [("3",)]),
    ],
)
def test_what_is_too_much_in_a_given_policy(
    statement: Json, causes: set[str], replaces: Any, tmp_path: Path
) -> None:
    """What nobody needs; what only a role of the app has of that is replaced."""
    policies = of_owners({"Dev": ACCOUNT})
    policies[SECURITY].append(statement)
    report = of_stage(tmp_path, "Dev", ACCOUNT, policies)
    assert {entry.cause.id for entry in report.excess} == causes
    assert [change.replaces for change in report.policies] == replaces
    instead = "have its owner name the role in a statement of its own instead"
    assert (instead in report.to_text()) == (causes == {"not-asked"})


def test_what_is_too_much_for_all_stages_is_told_once(tmp_path: Path) -> None:
    """An owner has one policy, whichever stage asks."""
    template = complete(Movies=dataset_group(key=SECURITY), Key={"Type": "AWS::SNS::Topic"})
    stages = {}
    for name, account in {"Dev": ACCOUNT, "Prod": "777788889999"}.items():
        stages[name] = write(tmp_path / f"assembly-{name}", {name: template}, account=account)
    given = {SECURITY: {"Statement": [allow(SERVICE, ["kms:Decrypt"])]}}
    (excess,) = check_assembly(write(tmp_path, {}, stages=stages), policies=given).excess
    assert excess.needed_by == ["Dev/Movies (dataset group)", "Prod/Movies (dataset group)"]


def test_nobody_loses_anything_in_given_policies(tmp_path: Path) -> None:
    """Of random stages one lacks something, or none; the report on each of them is followed."""
    draw, known = random.Random(57), (ACCOUNT, "444455556666", "777788889999")
    for _ in range(5):
        accounts = {name: draw.choice(known) for name in ("Dev", "Test", "Prod")}
        policies = of_owners(accounts)
        for damaged in draw.sample(policies[SECURITY] + policies[LAKE], draw.randrange(2)):
            damaged["Action"] = draw.sample(damaged["Action"], 1)
        before = {name: of_stage(tmp_path, name, accounts[name], policies) for name in accounts}
        for name, report in before.items():
            added = {arn: [*given] for arn, given in policies.items()}
            for change in report.policies:
                assert change.replaces == ()
                added[change.policy_of] += change.should_have
            after = {other: of_stage(tmp_path, other, accounts[other], added) for other in accounts}
            assert (after[name].missing, after[name].excess, report.excess) == ((), (), ())
            for other in accounts:
                assert set(before[other].allowed) <= set(after[other].allowed)
