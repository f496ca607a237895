"""Roles of an assembly: references to them, and their policies."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import check_assembly
from tests.checks.templates import (
    AGNOSTIC,
    CLEAN,
    IN_IAM,
    check,
    complete,
    dataset_group,
    findings,
    if_prod,
    key,
    managed,
    messages,
    policy,
    reasons,
    role,
    trusted_by,
    write,
)

READER = "arn:aws:iam::111122223333:role/reader"
DENY = {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}
ALLOW = {"Effect": "Allow", "Action": IN_IAM, "Resource": "*"}


def inline(statement: dict[str, Any]) -> dict[str, Any]:
    """The properties of a role with an inline policy."""
    return {"Policies": [{"PolicyName": "own", "PolicyDocument": {"Statement": statement}}]}


def without(name: str, template: dict[str, Any]) -> dict[str, Any]:
    """A template without a resource."""
    resources = {id: resource for id, resource in template["Resources"].items() if id != name}
    return {**template, "Resources": resources}


@pytest.mark.parametrize(
    ("given", "properties", "shown"),
    [
        ({"Ref": "Role"}, {}, "${Main.Role}"),
        ("movies-role", {"RoleName": "movies-role", "Path": "/team/"}, None),
    ],
)
def test_a_role_that_is_not_named_by_its_arn(
    given: Any, properties: Any, shown: str | None, tmp_path: Path
) -> None:
    """A role has its name as ``Ref``, by which its policies are found."""
    report = check(tmp_path, complete(Role=role(**properties), Movies=dataset_group(role=given)))
    assert (report.missing, report.undecided) == ((), ())
    assert messages(report) == [
        f"Main/Movies: its role is {shown or given}, and Personalize takes only the ARN of a role: "
        "pass the role's ARN"
    ]


def test_a_role_of_others_that_is_not_named_by_its_arn(tmp_path: Path) -> None:
    """It is taken for a role of this account that exists already."""
    report = check(tmp_path, complete(Movies=dataset_group(role="theirs")))
    assert [
        message.startswith("Main/Movies: its role is theirs, and") for message in messages(report)
    ] == [True]
    principals = {entry.principal_arn for entry in report.undecided if entry.principal == "role"}
    assert principals == {"arn:aws:iam::111122223333:role/theirs"}


def test_a_role_by_an_arn_with_its_partition(tmp_path: Path) -> None:
    """In a stack that doesn't know its partition."""
    arn = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${Role}"}
    assert findings(check(tmp_path, complete(Movies=dataset_group(role=arn)), **AGNOSTIC)) == CLEAN


def test_a_role_that_is_a_parameter(tmp_path: Path) -> None:
    """Its ARN is the parameter's value, and no name."""
    report = check(tmp_path, complete(Movies=dataset_group(role={"Ref": "Stage"})))
    assert {entry.principal_arn for entry in report.undecided if entry.principal == "role"} == {
        "${Main.Stage?}"
    }


USE = {"ManagedPolicyName": "use", "Path": "/team/"}


@pytest.mark.parametrize(
    ("properties", "others"),
    [
        (inline(ALLOW), {}),
        ({"ManagedPolicyArns": [{"Ref": "Other"}]}, {"Other": managed(ALLOW, Roles=[])}),
        (
            {"ManagedPolicyArns": ["arn:aws:iam::111122223333:policy/team/use"]},
            {"Other": managed(ALLOW, Roles=[], **USE)},
        ),
        ({}, {"Other": managed(ALLOW, type="AWS::IAM::Policy")}),
        (
            {},
            {
                "Other": managed(
                    ALLOW, type="AWS::IAM::RolePolicy", Roles=None, RoleName={"Ref": "Role"}
                )
            },
        ),
    ],
)
def test_policies_of_a_role_in_every_form(properties: Any, others: Any, tmp_path: Path) -> None:
    """Inline, attached by either side, by name or by reference, and as a resource of their own."""
    named = role(RoleName="reader", **properties)
    template = complete(
        Role=named, Key=key(READER), Movies=dataset_group(waits=list(others)), **others
    )
    assert findings(check(tmp_path, without("Policy", template))) == CLEAN


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/team/", {}),
        (if_prod("/prod/"), {"RoleName": {"Fn::Sub": "movies-${Stage}"}}),
        ({"Ref": "Stage"}, {}),
    ],
)
def test_the_policies_of_a_role_whatever_its_path(path: Any, name: Any, tmp_path: Path) -> None:
    """They are attached to the role by its name, which ``Ref`` returns, and not by its ARN."""
    assert findings(check(tmp_path, complete(Role=role(Path=path, **name)))) == CLEAN
    lacking = check(
        tmp_path / "2", complete(Role=role(Path=path, **name), Policy=policy(role="another"))
    )
    assert [entry.action for entry in lacking.missing] == IN_IAM


MIXED_UP = (
    "Main/Same has the same name, so it isn't known whose policies are whose: name each "
    "differently, or set the env of each stack"
)
BY_CONDITION = (
    "Main/Same has the same name, so it isn't known whose policies are whose: which of them is "
    "made depends on conditions: pass their parameters"
)


@pytest.mark.parametrize(
    ("one", "other", "because"),
    [
        ({"RoleName": "movies", "Path": "/a/"}, {"RoleName": "MOVIES", "Path": "/b/"}, MIXED_UP),
        ({"RoleName": {"Ref": "Stage"}}, {"RoleName": {"Fn::Sub": "${Stage}"}}, MIXED_UP),
        ({"RoleName": if_prod("a", "b")}, {"RoleName": if_prod("a", "b")}, BY_CONDITION),
    ],
)
def test_roles_of_one_name(one: Any, other: Any, because: str, tmp_path: Path) -> None:
    """IAM refuses the second of them, whatever its path: the policies of either may count."""
    same = {**role(**other), "Condition": "IsProd"} if because == BY_CONDITION else role(**other)
    template = complete(Role=role(**one), Same=same, Policy=policy(role="another"))
    report = check(tmp_path, template)
    assert (report.missing, report.problems) == ((), ())
    assert sorted(entry.action for entry in report.undecided if entry.action) == IN_IAM
    assert all(because in reason for reason in reasons(report))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("movies", {"Ref": "Stage"}),
        (if_prod("prod-movies", "dev-movies"), if_prod("prod-books", "dev-books")),
        (if_prod("movies"), if_prod("movies")),
        ({"Fn::Sub": "${Stage}-A"}, {"Fn::Sub": "${Stage}-b"}),
    ],
)
def test_roles_whose_names_need_not_be_one(one: Any, other: Any, tmp_path: Path) -> None:
    """Nothing is said of them, and each role has its own policies."""
    roles = {"Role": role(RoleName=one), "Same": role(RoleName=other)}
    assert findings(check(tmp_path, complete(**roles))) == CLEAN
    report = check(tmp_path, complete(**roles, Policy=policy(role={"Ref": "Same"})))
    assert [entry.action for entry in report.missing] == IN_IAM
    assert messages(report) == []


def test_the_trust_of_two_roles_of_one_name(tmp_path: Path) -> None:
    """Either may be made; a role with another path isn't in doubt."""
    wrong = role(RoleName="movies", AssumeRolePolicyDocument={"Statement": []})
    report = check(tmp_path / "1", complete(Role=wrong, Same=role(RoleName="movies")))
    assert (report.missing, report.problems) == ((), ())
    assert "trust" in {entry.policy for entry in report.undecided}
    with_path = complete(Role=wrong, Same=role(RoleName="movies", Path="/a/"))
    assert [problem.kind for problem in check(tmp_path / "2", with_path).problems] == ["trust"]


OF_CONDITION = "Fn::If IsProd by Main.Stage (pass --parameters Stage=…)"
OF_EXPORT = "pass the template of the stack that has it as well"


@pytest.mark.parametrize(
    ("properties", "named", "depends_on"),
    [
        ({}, {"Roles": [if_prod({"Ref": "Role"})]}, OF_CONDITION),
        ({}, {"Roles": [{"Fn::ImportValue": "x"}]}, f"export x ({OF_EXPORT})"),
        ({}, {"RoleName": if_prod({"Ref": "Role"}, "other")}, OF_CONDITION),
        (
            {"RoleName": {"Fn::Sub": "read-${Stage}"}},
            {"Roles": ["read-er"]},
            "Main.Stage (pass --parameters Stage=…)",
        ),
    ],
)
def test_a_denial_in_a_policy_that_may_be_of_the_role(
    properties: Any, named: Any, depends_on: str, tmp_path: Path
) -> None:
    """It may deny whatever is allowed, and may allow whatever is missing."""
    doubt = f"whether policy Main/More is its own depends on {depends_on}"
    kind = "AWS::IAM::RolePolicy" if "RoleName" in named else "AWS::IAM::ManagedPolicy"
    deny = {"Type": kind, "Properties": {"PolicyDocument": {"Statement": [DENY]}, **named}}
    report = check(tmp_path / "deny", complete(Role=role(**properties), More=deny))
    assert (report.missing, report.problems, report.excess) == ((), (), ())
    told = {(entry.policy, entry.because) for entry in report.undecided}
    assert told == {("key", f"may be denied: {doubt}"), ("role", f"may be denied: {doubt}")}
    allow = {"Type": kind, "Properties": {"PolicyDocument": {"Statement": [ALLOW]}, **named}}
    assert (
        findings(check(tmp_path / "more", complete(Role=role(**properties), More=allow))) == CLEAN
    )
    template = complete(Role=role(**properties), More=allow, Policy=policy(actions=IN_IAM[1:]))
    (undecided,) = check(tmp_path / "allow", template).undecided
    assert (undecided.policy, undecided.action, undecided.because) == ("role", "kms:Decrypt", doubt)


@pytest.mark.parametrize("role_name", [None, {"Fn::Sub": "write-${Stage}"}])
def test_a_denial_in_a_policy_that_cannot_be_of_the_role(role_name: Any, tmp_path: Path) -> None:
    """A generated id is no name that somebody wrote, and another beginning is another name."""
    properties = {} if role_name is None else {"RoleName": role_name}
    template = complete(Role=role(**properties), More=managed(DENY, role="reader"))
    assert findings(check(tmp_path, template)) == CLEAN


@pytest.mark.parametrize(
    ("account", "missing"),
    [("111122223333", set()), ("unknown-account", set()), ("444455556666", set(IN_IAM))],
)
def test_policies_of_a_role_of_that_name_in_another_account(
    account: str, missing: set[str], tmp_path: Path
) -> None:
    """They are another role's."""
    named, movies = role(RoleName="reader"), dataset_group(waits="Key")
    main = without("Policy", complete(Role=named, Key=key(READER), Movies=movies))
    stacks = {"Main": main, "Other": {"Resources": {"Policy": policy("*", role="reader")}}}
    report = check_assembly(write(tmp_path, stacks, accounts={"Other": account}))
    assert {entry.action for entry in report.missing} == missing


def test_a_policy_of_the_app_on_an_imported_role(tmp_path: Path) -> None:
    """The role's other policies can't be seen, and a denial in the app's policy denies."""
    template = complete(
        Key=key(READER),
        Movies=dataset_group(role=READER, waits="Deny"),
        Deny=managed({"Sid": "No", **DENY}, role="reader"),
        Policy=policy(role="reader"),
    )
    report = check(tmp_path, without("Role", template))
    denied = ("kms:Decrypt", "denied by statement No of policy Main/Deny")
    assert {(entry.action, entry.because) for entry in report.missing} == {denied}


@pytest.mark.parametrize(
    ("arn", "because"),
    [
        (
            "arn:aws:iam::111122223333:policy/Baseline",
            "may be denied: managed policy arn:aws:iam::111122223333:policy/Baseline isn't part "
            "of the app (pass it with --policy Baseline=FILE)",
        ),
        (
            "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3",
            "may be denied: managed policy "
            "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3 isn't part of the app",
        ),
    ],
)
def test_a_managed_policy_that_is_not_part_of_the_app_may_deny(
    arn: Any, because: str, tmp_path: Path
) -> None:
    """Whatever the others allow."""
    report = check(tmp_path, complete(Role=role(ManagedPolicyArns=[arn])))
    told = {(entry.principal, entry.policy) for entry in report.undecided}
    assert told == {("role", "key"), ("role", "role")}
    assert all(entry.because.startswith(because) for entry in report.undecided)


def test_managed_policies_of_aws_may_allow(tmp_path: Path) -> None:
    """Policies without ``Deny`` or ``Quarantine`` in their names only add to the app's."""
    arns = [
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole",
    ]
    assert findings(check(tmp_path, complete(Role=role(ManagedPolicyArns=arns)))) == CLEAN
    reading, own = role(ManagedPolicyArns=arns[:1]), policy(actions=["kms:Decrypt"])
    report = check(tmp_path, complete(Role=reading, Policy=own))
    assert report.missing == ()
    assert {entry.action for entry in report.undecided} == set(IN_IAM) - {"kms:Decrypt"}
    assert all("ReadOnlyAccess isn't part of the app" in reason for reason in reasons(report))


def test_a_permissions_boundary_of_the_app_and_one_of_others(tmp_path: Path) -> None:
    """The app's boundary is judged, the other leaves the role undecided."""
    boundary = managed({"Effect": "Allow", "Action": "kms:D*", "Resource": "*"}, Roles=[])
    bounded = role(PermissionsBoundary={"Ref": "Boundary"})
    report = check(tmp_path, complete(Role=bounded, Boundary=boundary))
    assert {(entry.policy, entry.action) for entry in report.missing} == {
        ("key", "kms:CreateGrant"),
        ("key", "kms:GenerateDataKey"),
        ("key", "kms:ListGrants"),
    }
    bounded = role(PermissionsBoundary="arn:aws:iam::111122223333:policy/Company")
    other = check(tmp_path, complete(Role=bounded))
    assert other.missing == ()
    assert {entry.principal for entry in other.undecided} == {"role"}
    assert all("policy/Company isn't part of the app" in reason for reason in reasons(other))


def test_a_managed_policy_of_one_name_in_another_stack(tmp_path: Path) -> None:
    """Unknown accounts may have one each: a role names the policy of its own stack."""
    arn = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/use-key"}

    def template(*actions: str) -> dict[str, Any]:
        allow = {**ALLOW, "Action": list(actions)}
        named = managed(allow, role="nobody", ManagedPolicyName="use-key")
        return complete(Role=role(ManagedPolicyArns=[arn]), Policy=named)

    report = check(tmp_path, template("kms:Decrypt"), template(*IN_IAM), **AGNOSTIC)
    lacking = {(entry.principal_arn, entry.action) for entry in report.missing}
    of_main = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Main.Role}"
    assert lacking == {(of_main, action) for action in IN_IAM[1:]}


@pytest.mark.parametrize(
    ("properties", "because"),
    [
        (
            {"ManagedPolicyArns": if_prod(["arn:aws:iam::111122223333:policy/Theirs"])},
            "may be denied: managed policy arn:aws:iam::111122223333:policy/Theirs isn't part of "
            "the app (pass it with --policy Theirs=FILE)",
        ),
        (
            {"PermissionsBoundary": if_prod({"Ref": "Bound"})},
            "the permissions boundary can't be seen: which managed policy it has depends on "
            "the condition Main.IsProd",
        ),
    ],
)
def test_policies_of_a_role_that_a_condition_chooses(
    properties: Any, because: str, tmp_path: Path
) -> None:
    """They may be of the template, and aren't said to be of others."""
    report = check(tmp_path, complete(Role=role(**properties), Bound=managed(ALLOW, Roles=[])))
    assert (report.missing, report.problems) == ((), ())
    assert reasons(report) == {because}


def test_an_inline_policy_is_there_with_its_role(tmp_path: Path) -> None:
    """A dataset group that names the role by a string waits for neither."""
    made = role(RoleName="reader", **inline(ALLOW))
    of_role = {name: value for name, value in key(READER).items() if name != "DependsOn"}
    template = without(
        "Policy", complete(Role=made, Key=of_role, Movies=dataset_group(role=READER, waits="Key"))
    )
    (problem,) = check(tmp_path / "early", template).problems
    assert (problem.kind, problem.needed_by) == ("ordering", ["Main/Movies (dataset group)"])
    assert "Main/Role" in problem.message
    template["Resources"]["Movies"]["DependsOn"] = template["Resources"]["Key"]["DependsOn"] = [
        "Role"
    ]
    assert check(tmp_path / "after", template).problems == ()


@pytest.mark.parametrize(
    ("region", "undecided"),
    [("eu-west-1", set()), ("cn-north-1", {"trust"}), ("unknown-region", {"trust"})],
)
def test_urls_and_services_of_a_known_region(
    region: str, undecided: set[str], tmp_path: Path
) -> None:
    """``AWS::URLSuffix``, which older versions of the CDK write, is known with the Region."""
    service = {"Fn::Join": ["", ["personalize.", {"Ref": "AWS::URLSuffix"}]]}
    template = complete(Role=role(**trusted_by(service)))
    assert {
        entry.policy for entry in check(tmp_path, template, region=region).undecided
    } == undecided


OTHER = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}


def put(statement: dict[str, Any], name: Any = "own", **more: Any) -> dict[str, Any]:
    """An inline policy of the role, as a resource of its own."""
    return {**managed(statement, type="AWS::IAM::Policy", PolicyName=name), **more}


OF_READER = {"Roles": None, "RoleName": "reader", "PolicyName": "own"}
BY_ITSELF = managed(OTHER, type="AWS::IAM::RolePolicy", **OF_READER)


def with_inline(*statements: dict[str, Any]) -> dict[str, Any]:
    """The role of these statements, each in an inline policy of its own."""
    policies = [inline(statement)["Policies"][0] for statement in statements]
    return role(RoleName="reader", Policies=policies)


def told_of(directory: Path, others: dict[str, Any]) -> list[str]:
    """What is said of the policies of the role in a template with these resources."""
    template = complete(**{"Key": key(READER), "Role": role(RoleName="reader"), **others})
    return messages(check(directory, template))


@pytest.mark.parametrize(
    ("others", "paths"),
    [
        (
            {"Role": with_inline(ALLOW), "Other": put(OTHER)},
            "policy Main/Other, inline policy own of Main/Role",
        ),
        ({"One": put(ALLOW), "Other": put(OTHER)}, "policy Main/One, policy Main/Other"),
        (
            {"One": put(ALLOW, {"Ref": "Stage"}), "Other": put(OTHER, {"Ref": "Stage"})},
            "Main/One, policy Main",
        ),
        ({"One": put(ALLOW), "Other": BY_ITSELF}, "policy Main/One, policy Main/Other"),
    ],
)
def test_two_inline_policies_of_one_name(others: Any, paths: str, tmp_path: Path) -> None:
    """The later takes the place of the earlier, wherever they are made."""
    (message,) = told_of(tmp_path, others)
    assert paths in message


@pytest.mark.parametrize(
    "others",
    [
        {"Role": with_inline(ALLOW), "Other": put(ALLOW)},
        {"Role": with_inline(ALLOW), "Other": put(OTHER, "other")},
        {"Role": with_inline(ALLOW), "Other": put(OTHER, {"Ref": "Stage"})},
        {"One": put(ALLOW, if_prod("a", "b")), "Other": put(OTHER, if_prod("b", "a"))},
        {"One": put(ALLOW, Condition="IsProd"), "Other": put(OTHER, Condition="IsDev")},
    ],
)
def test_inline_policies_that_need_not_share_a_name(others: Any, tmp_path: Path) -> None:
    """They have two names, never both, or one text."""
    assert told_of(tmp_path, others) == []


def test_two_inline_policies_of_one_name_in_two_stacks(tmp_path: Path) -> None:
    """As the CDK makes them for a role that both import by its name."""
    role_arn = "arn:aws:iam::111122223333:role/reader"
    one = without(
        "Role", complete(Key=key(READER), Movies=dataset_group(role=role_arn), Policy=put(ALLOW))
    )
    one["Resources"]["Policy"]["Properties"]["Roles"] = ["reader"]
    other = {"Resources": {"Policy": {**put(OTHER), "DependsOn": []}}}
    other["Resources"]["Policy"]["Properties"]["Roles"] = ["reader"]
    assert messages(check(tmp_path, one, other)) == [
        f"{role_arn}: policy Main/Policy, policy Other/Policy share the name own, and a role keeps "
        "only the last inline policy of a name: name each differently; if the CDK has named them, "
        "set the feature flag @aws-cdk/aws-iam:importedRoleStackSafeDefaultPolicyName"
    ]


@pytest.mark.parametrize("change", [json.dumps, lambda document: {"Fn::Sub": json.dumps(document)}])
@pytest.mark.parametrize("where", ["role", "inline", "key", "trust"])
def test_documents_as_json_text(where: str, change: Any, tmp_path: Path) -> None:
    """CloudFormation takes the text of a document for the document."""
    arn = READER.replace("reader", "movies")
    own = inline({**ALLOW, "Resource": "*"}) if where == "inline" else {}
    named, movies = role(RoleName="movies", **own), dataset_group(waits=[])
    template = complete(Key=key(arn), Role=named, Policy=policy("*"), Movies=movies)
    of_key, of_role, of_policy = (
        template["Resources"][name]["Properties"] for name in ("Key", "Role", "Policy")
    )
    of_key["KeyPolicy"]["Statement"][1].pop("Condition")
    of_role["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition")
    owner, name = {
        "role": (of_policy, "PolicyDocument"),
        "inline": (of_role.get("Policies", [{}])[0], "PolicyDocument"),
        "key": (of_key, "KeyPolicy"),
        "trust": (of_role, "AssumeRolePolicyDocument"),
    }[where]
    plain = check(tmp_path / "plain", template)
    owner[name] = change(owner[name])
    text = check(tmp_path / "text", template)
    assert (text.missing, text.undecided, messages(text)) == ((), (), messages(plain))
    owner[name] = "{"
    assert check(tmp_path / "broken", template).undecided != ()
