"""Statements that a policy should have, in the form for each key, bucket and role."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from personalize_kms_check._comparison import compare
from personalize_kms_check._model.causes import Cause
from personalize_kms_check._model.declarations import Declaration
from personalize_kms_check._model.finding import Finding
from personalize_kms_check._model.model import AccessModel, Bucket, Key, Role
from personalize_kms_check._model.policy_documents import Policy, PolicyStatement
from personalize_kms_check._model.policy_to_change import PolicyToChange
from personalize_kms_check._model.report import AccessReport
from tests.access import test_random_questions as drawn
from tests.access.models import (
    ACCOUNT,
    ACCOUNT_STATEMENT,
    ANOTHER_ACCOUNT,
    BATCH_INFERENCE_JOB,
    BUCKET,
    EXPORT_JOB,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    ON_BUCKET,
    ON_KEY,
    READ,
    ROLE,
    ROOT,
    SERVICE,
    TRUST,
    Statement,
    asked,
    iam,
    in_main,
    lacking,
    location,
    model_of,
    policy,
    report_of,
    role,
    service,
)
from tests.actions import FIVE, FOUR

IMPORT = asked(IMPORT_JOB, name="import", source=location())
EXPORT = asked(EXPORT_JOB, name="export", destination=location("export/"))
ETL = f"arn:aws:iam::{ACCOUNT}:role/Etl"
SECOND_ROLE, SECOND_KEY = f"{ROLE}2", f"{KEY}2"
OTHERS_KEY = KEY.replace(ACCOUNT, ANOTHER_ACCOUNT)
IN_OTHER = Declaration("Other", "Other/Role", "Role")
IN_POLICY, IN_ROLE, IN_KEY = in_main("Policy"), in_main("Role"), in_main("Key")
MODELS = 100

# What a dataset group needs on its key: of the role by its name, by its account, of Personalize,
# and in IAM.
NAMED: Statement = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:role/PersonalizeRole"},
    "Action": FIVE,
    "Resource": "*",
}
DELEGATED: Statement = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
    "Action": FIVE,
    "Resource": "*",
    "Condition": {
        "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/PersonalizeRole"}
    },
}
OF_SERVICE: Statement = {
    "Effect": "Allow",
    "Principal": {"Service": "personalize.amazonaws.com"},
    "Action": FIVE,
    "Resource": "*",
    "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}},
}
IN_IAM: Statement = {"Effect": "Allow", "Action": FOUR, "Resource": KEY}
ALL_IN_IAM: Statement = {"Effect": "Allow", "Action": FIVE, "Resource": KEY}


def to_change(report: AccessReport, kind: str) -> PolicyToChange:
    """Return the one policy of a kind that a report tells to change."""
    (change,) = [change for change in report.policies if change.policy == kind]
    return change


def statements(report: AccessReport) -> dict[str, tuple[Statement, ...]]:
    """Return what each policy should have, by its kind."""
    assert len({change.policy for change in report.policies}) == len(report.policies)
    return {change.policy: change.should_have for change in report.policies}


def of_stacks(
    of_key: Declaration, of_role: Declaration, *, is_later: bool = False, **given: Any
) -> AccessModel:
    """A model whose key and role are resources of templates; the role may wait for the key."""
    model = model_of(**given)
    model.keys[KEY].declared, model.roles[ROLE].declared = of_key, of_role
    model.roles[ROLE].waits_for = {of_key} if is_later else ()
    return model


def test_a_key_policy_names_a_role_of_its_stack() -> None:
    """The key policy has all five actions for both, IAM the four that AWS's page asks for there."""
    report = compare(of_stacks(in_main("Key"), in_main("Role")))
    assert statements(report) == {"key": (NAMED, OF_SERVICE), "role": (IN_IAM,)}


@pytest.mark.parametrize(
    ("of_role", "is_later"),
    [(IN_OTHER, False), (in_main("Role"), True)],
    ids=["of another stack", "that waits for the key"],
)
def test_a_key_policy_leaves_a_role_to_its_account(of_role: Declaration, is_later: bool) -> None:
    """A reference to the role would be a circle, so IAM has all five actions too."""
    report = compare(of_stacks(in_main("Key"), of_role, is_later=is_later))
    assert statements(report) == {"key": (DELEGATED, OF_SERVICE), "role": (ALL_IN_IAM,)}


@pytest.mark.parametrize("actions", [FOUR, [*FIVE, "kms:Encrypt"]], ids=["too few", "too many"])
def test_a_role_of_another_stack_that_is_named_goes_on_being_named(actions: list[str]) -> None:
    """The key policy has its ARN already, and IAM keeps the four actions that it has."""
    of_role = {**NAMED, "Action": actions}
    report = compare(of_stacks(IN_KEY, IN_OTHER, key=[of_role, OF_SERVICE], iam=[IN_IAM]))
    assert statements(report) == {"key": (NAMED, OF_SERVICE)}


def test_a_key_policy_that_leaves_all_to_the_account_still_does_if_iam_allows_all() -> None:
    """Only Personalize lacks something."""
    report = report_of(key=[ACCOUNT_STATEMENT, service(FOUR)], iam=[iam(FIVE)])
    assert statements(report) == {"key": (DELEGATED, OF_SERVICE)}


def test_a_role_with_too_much_keeps_what_the_account_leaves_to_iam() -> None:
    """The key policy isn't changed, so ``kms:CreateGrant`` has to stay."""
    report = report_of(
        key=[ACCOUNT_STATEMENT, service(FIVE)], iam=[iam(FIVE, "arn:aws:kms:*:*:key/*")]
    )
    assert statements(report) == {"role": (ALL_IN_IAM,)}


def test_a_key_policy_that_leaves_all_to_the_account_names_a_role_that_lacks_something() -> None:
    """IAM lacks CreateGrant, which AWS's page asks for in key policies alone."""
    report = report_of(key=[ACCOUNT_STATEMENT, service(FIVE)], iam=[iam(FOUR)])
    assert statements(report) == {"key": (NAMED, OF_SERVICE)}


def test_a_key_of_another_account_wants_all_actions_on_both_sides() -> None:
    model = model_of(asked(dataset_group_key=OTHERS_KEY))
    model.keys = {OTHERS_KEY: Key(OTHERS_KEY, [policy("key policy", [])])}
    assert statements(compare(model)) == {
        "key": (NAMED, OF_SERVICE),
        "role": ({"Effect": "Allow", "Action": FIVE, "Resource": OTHERS_KEY},),
    }


@pytest.mark.parametrize(("arn", "actions"), [(KEY, FOUR), (OTHERS_KEY, FIVE)])
def test_of_an_imported_key_the_iam_policy_alone_is_told(arn: str, actions: list[str]) -> None:
    """Nobody knows what the policy of an imported key lacks."""
    model = model_of(asked(dataset_group_key=arn))
    model.keys = {}
    assert statements(compare(model)) == {
        "role": ({"Effect": "Allow", "Action": actions, "Resource": arn},)
    }


def test_a_key_without_a_policy_begins_with_the_default_one() -> None:
    """Whatever the template says takes the place of what KMS gives it."""
    model = model_of(iam=[IN_IAM])
    model.keys[KEY].has_default_policy = True
    default = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    assert statements(compare(model)) == {"key": (default, NAMED, OF_SERVICE)}


IN_BUCKET: list[Statement] = [
    {
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": [action],
        "Resource": resource,
        "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}},
    }
    for action, resource in (
        ("s3:ListBucket", "arn:aws:s3:::ratings"),
        ("s3:PutObject", "arn:aws:s3:::ratings/export/*"),
        ("s3:GetObject", "arn:aws:s3:::ratings/import/*"),
    )
]


def test_a_bucket_has_each_action_on_the_folder_that_needs_it() -> None:
    """The role in IAM and Personalize in the bucket policy can't read exports or write imports."""
    report = report_of(IMPORT, EXPORT, key=[role(["kms:*"]), service(["kms:*"])], iam=[])
    assert statements(report)["bucket"] == tuple(IN_BUCKET)
    assert [
        statement for statement in statements(report)["role"] if statement["Resource"] != KEY
    ] == [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": "arn:aws:s3:::ratings"},
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject"],
            "Resource": "arn:aws:s3:::ratings/export/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": "arn:aws:s3:::ratings/import/*",
        },
    ]


def test_a_bucket_of_another_account_lets_the_role_in_too() -> None:
    model = model_of(IMPORT, key=ON_KEY, iam=READ)
    model.buckets[BUCKET].account = ANOTHER_ACCOUNT
    of_role = {"Effect": "Allow", "Principal": {"AWS": ROLE}}
    assert statements(compare(model)) == {
        "bucket": (
            {**of_role, "Action": ["s3:ListBucket"], "Resource": "arn:aws:s3:::ratings"},
            {**of_role, "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::ratings/import/*"},
            IN_BUCKET[0],
            IN_BUCKET[2],
        )
    }


def test_several_roles_and_keys() -> None:
    """Each key policy has a statement for each role that uses the key, and one for Personalize."""
    third = asked(name="third", role_arn=SECOND_ROLE)
    books = asked(name="books", dataset_group_key=SECOND_KEY)
    model = model_of(asked(), books, third)
    model.keys[SECOND_KEY] = Key(SECOND_KEY, [policy("key policy 2", [])])
    model.roles[SECOND_ROLE] = Role(SECOND_ROLE, trust=[policy("trust policy 2", [TRUST])])
    second = {**NAMED, "Principal": {"AWS": "arn:aws:iam::111122223333:role/PersonalizeRole2"}}
    changes = {
        (change.policy, change.policy_of): change.should_have for change in compare(model).policies
    }
    assert changes == {
        ("key", KEY): (NAMED, second, OF_SERVICE),
        ("key", SECOND_KEY): (NAMED, OF_SERVICE),
        ("role", ROLE): (IN_IAM, {"Effect": "Allow", "Action": FOUR, "Resource": SECOND_KEY}),
        ("role", SECOND_ROLE): (IN_IAM,),
    }


def test_a_trust_policy_has_one_statement() -> None:
    """AWS's page on confused deputies has it; it replaces the statements for Personalize."""
    of_lambda = {**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}, "Condition": {}}
    report = report_of(
        key=ON_KEY,
        iam=[IN_IAM],
        trust=[of_lambda, {**TRUST, "Action": "sts:TagSession", "Condition": {}}],
    )
    change = to_change(report, "trust")
    assert (change.should_have, change.replaces) == ((TRUST,), ("2",))


def test_a_trust_policy_has_a_statement_for_each_region_of_its_role() -> None:
    requests = [asked(), asked(name="books", region="us-east-1", dataset_group_key=None)]
    report = report_of(*requests, key=ON_KEY, iam=[IN_IAM], trust=[{**TRUST, "Condition": {}}])
    conditions = [
        statement["Condition"]["ArnLike"] for statement in to_change(report, "trust").should_have
    ]
    assert conditions == [
        {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111122223333:*"},
        {"aws:SourceArn": "arn:aws:personalize:us-east-1:111122223333:*"},
    ]


@pytest.mark.parametrize(
    ("declared", "of_aws", "where", "make"),
    [
        (in_main("Boundary"), False, ["Main/Boundary"], ""),
        (in_main("Boundary"), True, ["Main/Role"], "AWS::IAM::ManagedPolicy"),
        (None, False, [], ""),
    ],
    ids=["of the app", "of AWS", "from outside"],
)
def test_a_boundary_has_one_statement_about_everything(
    declared: Declaration | None, of_aws: bool, where: list[str], make: str
) -> None:
    """A boundary that refers to the key would be made after it; nobody changes one of AWS."""
    model = model_of(key=ON_KEY, iam=[IN_IAM])
    model.roles[ROLE].declared = in_main("Role")
    boundary = policy("boundary", [iam(["s3:*"], "*")], declared=declared, of_aws=of_aws)
    model.roles[ROLE].boundary = boundary
    (change,) = compare(model).policies
    assert change.should_have == ({"Effect": "Allow", "Action": FIVE, "Resource": "*"},)
    assert ([place.construct_path for place in change.declared], change.make) == (where, make)


def test_a_denial_gets_no_statement() -> None:
    """Its owner has to remove it first."""
    report = report_of(key=[*ON_KEY, role(["kms:Decrypt"], Effect="Deny")], iam=[IN_IAM])
    assert (len(report.missing), report.policies) == (1, ())


def test_a_role_of_which_nothing_is_too_much_gets_what_it_lacks() -> None:
    """Statements that are right stay, and aren't repeated."""
    report = report_of(asked(), IMPORT, key=ON_KEY, iam=[IN_IAM, READ[0]], bucket=ON_BUCKET)
    assert statements(report) == {
        "role": ({"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": BUCKET},)
    }


def test_a_role_of_which_something_is_too_much_gets_all_that_it_needs() -> None:
    """Excess actions leave their statements, and may be needed on some of the resources."""
    report = report_of(asked(), IMPORT, key=ON_KEY, iam=[iam(["kms:*"]), READ[0]], bucket=ON_BUCKET)
    change = to_change(report, "role")
    assert [entry.action for entry in change.too_much] == ["kms:*"]
    assert change.replaces == ()
    assert change.should_have == (
        {"Effect": "Allow", "Action": FOUR, "Resource": KEY},
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": BUCKET},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": f"{BUCKET}/import/*"},
    )


def able(name: str, declared: Declaration, **more: Any) -> Policy:
    return policy(name, [], declared=declared, **more)


@pytest.mark.parametrize(
    ("identity", "where", "make"),
    [
        ([able("policy", IN_POLICY)], IN_POLICY, ""),
        # An inline policy of the role is made with it, before the key; one of several roles would
        # give them all.
        ([able("inline", IN_ROLE, inline="Own")], IN_ROLE, "AWS::IAM::Policy"),
        ([able("shared", IN_POLICY, also_of=(ETL,))], IN_ROLE, "AWS::IAM::Policy"),
        (
            [able("shared", IN_POLICY, also_of=(ETL,)), able("own", in_main("Second"))],
            in_main("Second"),
            "",
        ),
        ([], IN_ROLE, "AWS::IAM::Policy"),
    ],
    ids=["a policy", "inline", "of several roles", "the one that can", "none"],
)
def test_which_iam_policy_takes_the_statements(
    identity: list[Policy], where: Declaration, make: str
) -> None:
    """A policy of this role alone that can refer to the key, or a new one to wait for."""
    movies = asked(declared=in_main("Movies"), waits_for=frozenset())
    model = model_of(movies, key=ON_KEY)
    model.keys[KEY].declared, model.roles[ROLE].declared = IN_KEY, IN_ROLE
    model.roles[ROLE].identity = identity
    change = to_change(compare(model), "role")
    assert (change.declared, change.make) == ((where,), make)
    assert change.waiting == ((in_main("Movies"),) if make else ())


def test_the_list_takes_the_place_of_what_is_for_the_role_and_personalize() -> None:
    """By sid, or by number; statements for others stay."""
    key = [
        ACCOUNT_STATEMENT,
        role(["kms:Decrypt"], Sid="UseKey"),
        role(["kms:*"], Principal={"AWS": ETL}),
        # Two statements may have an empty sid, which tells neither.
        {**OF_SERVICE, "Sid": ""},
    ]
    change = to_change(report_of(key=key, iam=[IN_IAM]), "key")
    assert (change.replaces, change.should_have) == (("UseKey", "4"), (NAMED, OF_SERVICE))


@pytest.mark.parametrize(
    ("condition", "own"),
    [
        (
            {
                "StringEquals": {"aws:PrincipalOrgID": "o-1a2b3c4d5e"},
                "Bool": {"aws:SecureTransport": "true"},
            },
            ("aws:PrincipalOrgID", "aws:SecureTransport"),
        ),
        # Those that the list has as well aren't lost.
        (
            {
                "StringEqualsIfExists": {"AWS:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:PrincipalArn": ROLE},
            },
            (),
        ),
        # The list has the account by another operator: this one would shut the role out again.
        (
            {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": "arn:*"}},
            ("aws:SourceArn",),
        ),
        # One that AWS refuses has none.
        ({"NumericEquals": 1.5}, ()),
    ],
)
def test_conditions_of_statements_that_go_are_told(
    condition: Statement, own: tuple[str, ...]
) -> None:
    """Nobody loses one of their own unseen."""
    report = report_of(
        key=[role(["kms:Decrypt"]), service(["kms:Decrypt"], Condition=condition)], iam=[IN_IAM]
    )
    assert to_change(report, "key").own_conditions == own


@pytest.mark.parametrize(("of_role", "is_excess"), [(in_main("Role"), True), (IN_OTHER, False)])
def test_what_a_key_policy_will_leave_to_iam_is_not_too_much_there(
    of_role: Declaration, is_excess: bool
) -> None:
    """A key policy that will name the role makes ``kms:CreateGrant`` in IAM superfluous."""
    report = compare(of_stacks(in_main("Key"), of_role, key=[OF_SERVICE], iam=[ALL_IN_IAM]))
    assert {entry.policy for entry in report.missing} == {"key"}
    assert [entry.action for entry in report.excess] == (["kms:CreateGrant"] if is_excess else [])


def test_a_statement_for_everybody_stays_unless_it_is_too_much() -> None:
    """It lets in whoever comes by S3, and what they need of it isn't known."""
    via = {
        "StringEquals": {
            "kms:CallerAccount": ACCOUNT,
            "kms:ViaService": "s3.eu-west-1.amazonaws.com",
        }
    }
    everybody = role(["kms:Decrypt"], Principal="*", Condition=via)
    change = to_change(report_of(key=[everybody, ON_KEY[0]], iam=[iam(IAM_ACTIONS)]), "key")
    assert (change.replaces, change.also_for, change.own_conditions) == (("2",), (), ())


def test_a_name_that_each_execution_chooses_is_any_in_the_statement_of_a_caller() -> None:
    """With a hole in it the statement would allow nothing."""
    machine = f"arn:aws:iam::{ACCOUNT}:role/Machine"
    job = (
        f"arn:aws:personalize:eu-west-1:{ACCOUNT}:batch-inference-job/${{jobname of Main/Machine?}}"
    )
    model = model_of(asked(caller_arn=machine, calls_on=(job,)), key=ON_KEY, iam=[iam(IAM_ACTIONS)])
    model.roles[machine] = Role(machine)
    (change,) = compare(model).policies
    assert job.partition("$")[0] + "*" in [
        statement["Resource"] for statement in change.should_have
    ]


IN_ANY_PARTITION = ROLE.replace(":aws:", ":${AWS::Partition}:")
BY_BOTH_ARNS = {"ArnEquals": {"aws:PrincipalArn": [ROLE, ETL]}}
BY_ETL = {"Condition": {"ArnEquals": {"aws:PrincipalArn": [ETL]}}}


@pytest.mark.parametrize(
    ("place", "statement", "rest"),
    [
        # Nobody else, by whatever spelling of its name.
        ("key", role(["kms:Encrypt"]), {}),
        ("key", role(["kms:Encrypt"], Principal={"AWS": IN_ANY_PARTITION}), {}),
        # Everybody, an administrator among them maybe: no statement is for all but some.
        ("key", role(["kms:Decrypt"], Principal="*"), {}),
        # Others of the statement: by name, by a condition, a service, an account without quotes.
        (
            "key",
            role(["kms:Encrypt"], Principal={"AWS": [ROLE, ETL], "Service": "logs.amazonaws.com"}),
            {"Principal": {"AWS": [ETL], "Service": ["logs.amazonaws.com"]}},
        ),
        ("key", {**DELEGATED, "Action": "kms:*", "Condition": BY_BOTH_ARNS}, BY_ETL),
        (
            "key",
            role(["kms:Encrypt"], Principal={"AWS": [ROLE, ROOT, int(ANOTHER_ACCOUNT)]}),
            {"Principal": {"AWS": [ROOT, 444455556666]}},
        ),
        (
            "bucket",
            service(
                ["s3:Put*"],
                Resource=f"{BUCKET}/*",
                Principal={"Service": [SERVICE, "forecast.amazonaws.com"]},
            ),
            {"Principal": {"Service": ["forecast.amazonaws.com"]}},
        ),
        # Those whom a trust policy lets in, by the same statement.
        (
            "trust",
            {
                **TRUST,
                "Principal": {"Service": [SERVICE, "sagemaker.amazonaws.com"]},
                "Condition": {},
            },
            {"Principal": {"Service": ["sagemaker.amazonaws.com"]}},
        ),
    ],
)
def test_others_whom_a_statement_serves_that_goes(
    place: str, statement: Statement, rest: Statement
) -> None:
    """The list has their part of it, as it was; that everybody loses something is told."""
    right = {"key": ON_KEY, "iam": [IN_IAM, *READ], "bucket": ON_BUCKET, "trust": [TRUST]}
    report = report_of(asked(), IMPORT, **{**right, place: [*right[place], statement]})
    (change,) = report.policies
    assert (change.should_have[-1] == {**statement, **rest}) == bool(rest)
    assert change.also_for == (("*",) if statement["Principal"] == "*" else ())


def test_others_who_have_the_policy_or_the_role_of_which_something_is_too_much() -> None:
    """A role that has the same managed policy, and a service that uses the same role."""
    of_sagemaker = {**TRUST, "Principal": {"Service": "sagemaker.amazonaws.com"}}
    model = model_of(key=ON_KEY, trust=[TRUST, of_sagemaker])
    model.roles[ROLE].identity = [
        policy("shared", [iam([*IAM_ACTIONS, "kms:Encrypt"])], also_of=(ETL,))
    ]
    assert to_change(compare(model), "role").also_for == (ETL, "sagemaker.amazonaws.com")


def test_a_role_that_is_named_by_a_string_needs_a_name() -> None:
    """CloudFormation generates one, which a template of another stack can't know."""
    role_arn = "arn:aws:iam::111122223333:role/${Other.Role}"
    model = model_of(asked(role_arn=role_arn))
    model.roles = {
        role_arn: Role(role_arn, trust=[policy("trust policy", [TRUST])], declared=IN_OTHER)
    }
    model.keys[KEY].declared = in_main("Key")
    of_key = to_change(compare(model), "key")
    assert (of_key.unnamed_roles, of_key.should_have) == ((role_arn,), (OF_SERVICE,))
    assert to_change(compare(model), "role").unnamed_roles == ()


def followed(model: AccessModel, told: AccessReport) -> None:
    """Follow a report once, in the model."""
    for change in told.policies:
        if change.policy == "boundary":
            boundary = model.roles[change.policy_of].boundary
            assert boundary is not None
            model.roles[change.policy_of].boundary = policy(
                boundary.name, [*bodies(boundary), *change.should_have]
            )
        elif change.policy == "role":
            identity = model.roles[change.policy_of].identity
            kept: list[Any] = []
            for of_role in identity:
                kept += without(of_role.statements, change.too_much)
            identity[:] = [policy("IAM policy", [*kept, *change.should_have])]
        else:
            owner = model.keys.get(change.policy_of) or model.buckets.get(change.policy_of)
            policies = model.roles[change.policy_of].trust if owner is None else owner.policies
            kept = [
                statement.body
                for statement in policies[0].statements
                if statement.label not in change.replaces
            ]
            policies[:] = [policy(policies[0].name, [*kept, *change.should_have])]


def bodies(document: Policy) -> list[Any]:
    return [statement.body for statement in document.statements]


def without(
    statements: tuple[PolicyStatement, ...], too_much: tuple[Finding, ...]
) -> Iterator[Any]:
    """Yield statements without the actions that are too much in them."""
    for statement in statements:
        taken = {entry.action.lower() for entry in too_much if statement in entry.reason.statements}
        name = "NotAction" if "NotAction" in statement.body else "Action"
        actions = statement.body.get(name, [])
        actions = actions if isinstance(actions, list) else [actions]
        if taken and name == "NotAction":
            yield {**statement.body, name: [*actions, *sorted(taken)]}
        elif kept := [action for action in actions if action.lower() not in taken]:
            yield {**statement.body, name: kept}


def random_model(draw: random.Random) -> AccessModel:
    """Requests of two roles on two keys, with policies of random statements."""
    to_batch = {"source": location("in/"), "destination": location("out/"), "role_arn": SECOND_ROLE}
    requests = [
        asked(),
        IMPORT,
        asked(EXPORT_JOB, name="export", destination=location("export/"), role_arn=SECOND_ROLE),
        asked(name="books", dataset_group_key=OTHERS_KEY),
        asked(BATCH_INFERENCE_JOB, name="batch", dataset_group_key=OTHERS_KEY, **to_batch),
    ]
    on_key = (drawn.KMS_ACTIONS, drawn.KEY_RESOURCES, drawn.ROLE_CONDITIONS)
    on_bucket = (drawn.S3_ACTIONS, drawn.OBJECT_RESOURCES, drawn.SERVICE_CONDITIONS)
    model = AccessModel(requests=draw.sample(requests, draw.randint(1, 4)))
    for arn in (KEY, OTHERS_KEY):
        model.keys[arn] = Key(
            arn, [policy("key policy", drawn.statements(draw, 3, *on_key, principals=True))]
        )
    of_bucket = policy("bucket policy", drawn.statements(draw, 3, *on_bucket, principals=True))
    model.buckets[BUCKET] = Bucket(
        BUCKET, draw.choice((ACCOUNT, ACCOUNT, ANOTHER_ACCOUNT)), [of_bucket]
    )
    for arn in (ROLE, SECOND_ROLE):
        in_iam = [*drawn.statements(draw, 2, *on_key), *drawn.statements(draw, 2, *on_bucket)]
        trust = [
            {
                **TRUST,
                "Principal": draw.choice(drawn.PRINCIPALS),
                "Condition": draw.choice((TRUST["Condition"], {})),
            }
        ]
        boundary = (
            policy("boundary", drawn.statements(draw, 2, *on_key)) if draw.random() < 0.3 else None
        )
        model.roles[arn] = Role(
            arn, trust=[policy("trust policy", trust)], identity=[policy("IAM policy", in_iam)]
        )
        model.roles[arn].boundary = boundary
    # Of no template, of one, or of two.
    model.keys[KEY].declared = draw.choice((None, in_main("Key")))
    model.roles[ROLE].declared = draw.choice((None, in_main("Role"), IN_OTHER))
    return model


def test_a_report_that_is_followed_once_leaves_nothing_missing_and_nothing_too_much() -> None:
    """Denials remain: a report names their statements and has no list for them.

    All policies can be seen here, and no boundary is of AWS. Two models of a thousand have a
    statement for everybody by ``aws:PrincipalArn`` besides, and the second report tells of IAM:
    none of them is among these.
    """
    draw = random.Random(34)
    lacked = too_much = 0
    for _ in range(MODELS):
        model = random_model(draw)
        before = compare(model)
        lacked, too_much = lacked + bool(lacking(before)), too_much + bool(before.excess)
        followed(model, before)
        after = compare(model)
        assert [entry for entry in after.missing if not is_denied(entry)] == []
        assert after.excess == ()
        assert Cause.NOT_TRUSTED not in {problem.cause for problem in after.problems}
    assert (lacked, too_much > MODELS / 2) == (MODELS, True)


def is_denied(entry: Finding) -> bool:
    return any(reason.cause is Cause.DENIED for reason in (entry.reason, *entry.further))
