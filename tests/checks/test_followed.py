"""The JSON of a report followed to the letter, and the templates judged again."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from constructs import Construct

from personalize_kms_check._evaluation.elements import principals_of
from personalize_kms_check._model.policy_documents import allow_statements
from personalize_kms_check._reading import read_assemblies
from personalize_kms_check._templates.manifest import read_with_stages
from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import check_assembly, declare_created

Json = dict[str, Any]
ADMIN = "arn:aws:iam::111122223333:role/Admin"
SERVICE = iam.ServicePrincipal("personalize.amazonaws.com")


def by_hand(key: kms.IKey, role: iam.IRole, data: s3.IBucket, stack: Construct) -> None:
    """A dataset group, and an import from a folder of the bucket."""
    group = personalize.CfnDatasetGroup(
        stack,
        "Movies",
        name=f"{stack.node.id}Movies",
        kms_key_arn=key.key_arn,
        role_arn=role.role_arn,
    )
    personalize.CfnDataset(
        stack,
        "Ratings",
        name="ratings",
        dataset_group_arn=group.attr_dataset_group_arn,
        dataset_type="Interactions",
        schema_arn="arn:aws:personalize:::schema/ratings",
        dataset_import_job=personalize.CfnDataset.DatasetImportJobProperty(
            job_name=f"{stack.node.id}First",
            role_arn=role.role_arn,
            data_source={"DataLocation": data.s3_url_for_object("import/")},
        ),
    )


def group(stack: cdk.Stack, id: str, key: kms.IKey, role: iam.IRole) -> None:
    """A dataset group besides."""
    personalize.CfnDatasetGroup(
        stack, id, name=id.lower(), kms_key_arn=key.key_arn, role_arn=role.role_arn
    )


def key_for(
    stack: cdk.Stack, id: str, principal: iam.IPrincipal, action: str = "kms:Put*"
) -> kms.Key:
    """A key whose policy is one statement, and leaves nothing to the account."""
    statement = iam.PolicyStatement(actions=[action], resources=["*"], principals=[principal])
    return kms.Key(stack, id, policy=iam.PolicyDocument(statements=[statement]))


def inline(actions: list[str], *resources: str) -> dict[str, iam.PolicyDocument]:
    """The one inline policy of a role."""
    statement = iam.PolicyStatement(actions=actions, resources=[*resources])
    return {"Own": iam.PolicyDocument(statements=[statement])}


def with_grants(stack: cdk.Stack) -> None:
    """The grants of the CDK, which write wildcards into IAM and nothing into the key's policy."""
    key, role = kms.Key(stack, "Key"), iam.Role(stack, "Role", assumed_by=SERVICE)
    data = s3.Bucket(stack, "Data", encryption_key=key)
    key.grant_encrypt_decrypt(role)
    data.grant_read(role)
    data.grant_read(SERVICE)
    by_hand(key, role, data, stack)


def without_any(stack: cdk.Stack) -> None:
    """Nothing but the resources."""
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    by_hand(kms.Key(stack, "Key"), role, s3.Bucket(stack, "Data"), stack)


def open_to_all(stack: cdk.Stack) -> None:
    """Everything for everybody."""
    key, role = kms.Key(stack, "Key"), iam.Role(stack, "Role", assumed_by=iam.AnyPrincipal())
    data = s3.Bucket(stack, "Data")
    everybody: Any = {"actions": ["*"], "principals": [iam.AnyPrincipal()]}
    key.add_to_resource_policy(iam.PolicyStatement(**everybody, resources=["*"]))
    data.add_to_resource_policy(
        iam.PolicyStatement(**everybody, resources=[data.bucket_arn, data.arn_for_objects("*")])
    )
    role.add_to_policy(iam.PolicyStatement(actions=["s3:*", "kms:*"], resources=["*"]))
    by_hand(key, role, data, stack)


def of_a_nested_stack(stack: cdk.Stack) -> None:
    """Key and bucket come as parameters."""
    key, data = kms.Key(stack, "Key"), s3.Bucket(stack, "Data")
    nested = cdk.NestedStack(stack, "Nested")
    by_hand(key, iam.Role(nested, "Role", assumed_by=SERVICE), data, nested)


def of_two_stacks(stack: cdk.Stack) -> None:
    """Key and bucket are imported, and the role has a name."""
    key, data = kms.Key(stack, "Key"), s3.Bucket(stack, "Data")
    other = cdk.Stack(cdk.App.of(stack), "Other")
    by_hand(key, iam.Role(other, "Role", assumed_by=SERVICE, role_name="Personalize"), data, other)


def of_two_stacks_without_delegation(stack: cdk.Stack) -> None:
    """The key's policy leaves nothing to the account, and can't name a role of a later stack."""
    key = key_for(stack, "Key", iam.ArnPrincipal(f"arn:aws:iam::{stack.account}:role/Admin"))
    other = cdk.Stack(cdk.App.of(stack), "Other")
    role = iam.Role(other, "Role", assumed_by=SERVICE, role_name="Personalize")
    by_hand(key, role, s3.Bucket(other, "Data"), other)


def with_inline_policies_on_the_key(stack: cdk.Stack) -> None:
    """The role waits for the key that it names, so the key's policy can't wait for the role."""
    key = key_for(stack, "Key", iam.ArnPrincipal(ADMIN))
    other = kms.Key(stack, "Other")
    own = inline(["kms:Decrypt"], key.key_arn, other.key_arn)
    # The name of a parameter that begins as the role's, in the role's own ARN.
    path = cdk.CfnParameter(stack, "RolePath").value_as_string
    role = iam.Role(
        stack, "Role", assumed_by=SERVICE, role_name="Personalize", inline_policies=own, path=path
    )
    l1 = role.node.default_child
    assert isinstance(l1, iam.CfnRole)
    l1.override_logical_id("Role")
    by_hand(key, role, s3.Bucket(stack, "Data"), stack)
    # KMS's own policy leaves it to IAM, whatever the name of the role.
    unnamed = iam.Role(stack, "Unnamed", assumed_by=SERVICE, inline_policies=own)
    group(stack, "Books", other, unnamed)


def of_a_stack_before_that_of_key_and_bucket(stack: cdk.Stack) -> None:
    """The role's stack can't refer to them: a policy of the role that does is made in theirs."""
    role = iam.Role(stack, "Role", assumed_by=SERVICE, role_name="Personalize")
    role.add_to_policy(
        iam.PolicyStatement(actions=["s3:ListBucket"], resources=["arn:aws:s3:::other"])
    )
    other = cdk.Stack(cdk.App.of(stack), "Other")
    by_hand(kms.Key(other, "Key"), role, s3.Bucket(other, "Data"), other)


def with_a_boundary_that_refuses(stack: cdk.Stack) -> None:
    """And policies of key and role that lack something as well."""
    listing = iam.PolicyStatement(actions=["s3:ListBucket"], resources=["*"])
    boundary = iam.ManagedPolicy(stack, "Boundary", statements=[listing])
    role = iam.Role(stack, "Role", assumed_by=SERVICE, permissions_boundary=boundary)
    # What the boundary keeps from it today.
    role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"]))
    by_hand(kms.Key(stack, "Key"), role, s3.Bucket(stack, "Data"), stack)


def of_a_bucket_of_another_account(stack: cdk.Stack) -> None:
    """AWS refuses a policy with a role that isn't made yet; the second bucket has no policy."""
    theirs, ours = (
        cdk.Stack(cdk.App.of(stack), id, env=cdk.Environment(account=account, region="eu-west-1"))
        for id, account in (("Theirs", "444455556666"), ("Ours", "111122223333"))
    )
    role = iam.Role(ours, "Role", assumed_by=SERVICE, role_name="Personalize")
    data, more = (s3.Bucket(theirs, id, bucket_name=id.lower()) for id in ("Data", "More"))
    data.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["s3:ListBucket"], resources=[data.bucket_arn], principals=[SERVICE]
        )
    )
    by_hand(kms.Key(ours, "Key"), role, data, ours)
    declare_created(
        ours, PersonalizeResource.dataset_import_job(S3Location(more, "import/")), service_role=role
    )


def with_conditions_and_principals_of_their_own(stack: cdk.Stack) -> None:
    """Statements that serve others besides, under conditions that the list doesn't have."""
    glue = iam.ServicePrincipal("glue.amazonaws.com")
    auditor = iam.ArnPrincipal("arn:aws:iam::111122223333:role/Auditor")
    both = iam.CompositePrincipal(SERVICE, iam.ServicePrincipal("lambda.amazonaws.com"))
    own = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    key, role = kms.Key(stack, "Key"), iam.Role(stack, "Role", assumed_by=both)
    data = s3.Bucket(stack, "Data")
    everything: Any = {"actions": ["kms:*"], "resources": ["*"], "principals": [role, auditor]}
    key.add_to_resource_policy(iam.PolicyStatement(**everything, conditions=own))
    reading: Any = {"actions": ["s3:GetObject"], "principals": [SERVICE, glue]}
    secure = {"Bool": {"aws:SecureTransport": "true"}}
    arns = [data.arn_for_objects("*")]
    data.add_to_resource_policy(iam.PolicyStatement(**reading, resources=arns, conditions=secure))
    theirs: Any = {"actions": ["s3:GetObject"], "principals": [glue]}
    data.add_to_resource_policy(iam.PolicyStatement(**theirs, resources=arns))
    role.add_to_policy(
        iam.PolicyStatement(actions=["kms:*"], resources=[key.key_arn], conditions=secure)
    )
    by_hand(key, role, data, stack)


@pytest.mark.parametrize(
    "build",
    [
        with_grants,
        without_any,
        open_to_all,
        of_a_nested_stack,
        of_two_stacks,
        of_two_stacks_without_delegation,
        with_inline_policies_on_the_key,
        of_a_stack_before_that_of_key_and_bucket,
        with_a_boundary_that_refuses,
        of_a_bucket_of_another_account,
        with_conditions_and_principals_of_their_own,
    ],
)
def test_after_the_lists_nothing_is_missing_and_nothing_too_much(
    build: Callable[[cdk.Stack], None], tmp_path: Path
) -> None:
    """In one reading; nobody else loses anything but what is told of a role that they use."""
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    build(cdk.Stack(app, "Main"))
    app.synth()
    report = check_assembly(tmp_path)
    assert report.missing or report.excess
    before = grants_in(tmp_path)
    follow(json.loads(report.to_json()), tmp_path)
    after = check_assembly(tmp_path)
    assert (after.missing, after.excess, after.undecided) == ((), (), ()), after.to_text()
    # A policy that is there already isn't waited for yet, nor by a nested stack what is made beside
    # it.
    assert {problem.cause.id for problem in after.problems} <= {"not-waited-for"}, after.to_text()
    assert any("/New" in problem.message for problem in after.problems) == (
        build is of_a_nested_stack
    ), after.to_text()
    for grant in before - grants_in(tmp_path):
        policies = [
            policy
            for policy in report.policies
            if (policy.policy, policy.policy_of) == (grant.policy, grant.policy_of)
        ]
        assert grant.is_for_personalize or any(
            grant.policy == "role" and grant.principal in policy.also_for for policy in policies
        ), grant
        own_conditions: set[str] = set()
        for policy in policies:
            own_conditions |= set(policy.own_conditions)
        assert set(grant.condition_keys) - OF_THE_LIST <= own_conditions, grant


class Grant(NamedTuple):
    """A statement as one of its principals has it, in the policy of a key, bucket or role."""

    policy: str
    policy_of: str
    principal: str
    is_for_personalize: bool
    """True for the service principal, for roles of requests to Personalize, and for everybody."""
    condition_keys: tuple[str, ...]
    statement: str


OF_THE_LIST = {"aws:SourceAccount", "aws:SourceArn", "aws:PrincipalArn"}


def grants_in(directory: Path) -> set[Grant]:
    """Return the statements of all policies, once for each principal."""
    grants: set[Grant] = set()
    for reading in read_assemblies(read_with_stages(directory)):
        model = reading.model
        ours = {"personalize.amazonaws.com", "*", *(asked.role_arn for asked in model.requests)}
        policies = [("key", key.arn, key.policies) for key in model.keys.values()]
        policies += [("bucket", bucket.arn, bucket.policies) for bucket in model.buckets.values()]
        policies += [("trust", role.arn, role.trust) for role in model.roles.values()]
        policies += [("role", role.arn, role.identity) for role in model.roles.values()]
        for kind, arn, documents in policies:
            for statement in allow_statements(documents):
                whom = (
                    [arn, *statement.policy.also_of]
                    if kind == "role"
                    else principals_of(statement.body)
                )
                body = {
                    name: value for name, value in statement.body.items() if name != "Principal"
                }
                keys: list[str] = []
                for condition in body.get("Condition", {}).values():
                    keys += condition
                for principal in whom:
                    grants.add(
                        Grant(
                            kind,
                            arn,
                            principal,
                            principal in ours,
                            tuple(keys),
                            json.dumps(body, sort_keys=True),
                        )
                    )
    return grants


def follow(report: Json, directory: Path) -> None:
    """Put the list of each policy in once, in the place of the statements that go."""
    files = {
        path.name: json.loads(path.read_text("utf-8")) for path in directory.glob("*.template.json")
    }
    for entry in report["excess"]:
        for place in entry["where"] if entry["policy"] == "role" else ():
            resource = files[place["template"]]["Resources"][place["logical_id"]]
            is_inline = resource["Type"] == "AWS::IAM::Role"
            document = (
                inline_of(resource, place["policy_name"]) if is_inline else document_of(resource)
            )
            take_out(entry["action"], place["statement"], document)
    for policy in report["policies"]:
        if not policy["should_have"] and not policy.get("replaces"):
            continue
        resource = resource_of(policy, files)
        if policy["policy"] == "role" and resource["Type"] == "AWS::IAM::Role":
            document = resource["Properties"]["Policies"][0]["PolicyDocument"]
        else:
            document = document_of(resource, trust=policy["policy"] == "trust")
        for label in policy.get("replaces", ()):
            document["Statement"][number_of(label, document)] = None
        document["Statement"] += policy["should_have"]
    for name, template in files.items():
        (directory / name).write_text(json.dumps(without_gone(template)), "utf-8")


def without_gone(value: Any) -> Any:
    """Return a template without the statements that are gone."""
    if isinstance(value, dict):
        return {name: without_gone(child) for name, child in value.items()}
    if isinstance(value, list):
        return [without_gone(child) for child in value if child is not None]
    return value


def number_of(label: str, document: Json) -> int:
    """Return the index of a statement, by its sid or its number."""
    sids = [(statement or {}).get("Sid") for statement in document["Statement"]]
    return sids.index(label) if label in sids else int(label) - 1


def take_out(action: str, label: str, document: Json) -> None:
    """Take an action out of a statement; a statement without actions goes."""
    number = number_of(label, document)
    statement = document["Statement"][number]
    if statement is None:
        return
    actions = statement["Action"]
    if isinstance(actions, str):
        actions = [actions]
    left = [other for other in actions if other != action]
    document["Statement"][number] = {**statement, "Action": left} if left else None


def resource_of(policy: Json, files: Json) -> Any:
    """Return the resource that has the policy to change, made if it has to be."""
    place = policy["where"][0]
    resources = files[place["template"]]["Resources"]
    if "make" not in policy:
        return resources[place["logical_id"]]
    name = f"New{policy['policy'].capitalize()}{place['logical_id']}"
    properties: Json = {"PolicyDocument": {"Statement": []}}
    if policy["make"] == "AWS::S3::BucketPolicy":
        properties["Bucket"] = {"Ref": place["logical_id"]}
    elif policy["make"] == "AWS::IAM::ManagedPolicy":
        resources[place["logical_id"]]["Properties"]["PermissionsBoundary"] = {"Ref": name}
    else:
        is_here = resources[place["logical_id"]]["Type"] == "AWS::IAM::Role"
        role = {"Ref": place["logical_id"]} if is_here else policy["policy_of"].rpartition("/")[2]
        properties |= {"PolicyName": name, "Roles": [role]}
    for dependent in policy.get("waiting", ()):
        assert dependent["template"] == place["template"]
        waiting = resources[dependent["logical_id"]]
        given = waiting.get("DependsOn", [])
        waiting["DependsOn"] = sorted({name, *([given] if isinstance(given, str) else given)})
    assert name not in resources
    resources[name] = {"Type": policy["make"], "Properties": properties}
    return resources[name]


def inline_of(role: Json, name: str) -> Any:
    """Return one of the policies in the properties of a role."""
    (document,) = [
        policy["PolicyDocument"]
        for policy in role["Properties"]["Policies"]
        if policy["PolicyName"] == name
    ]
    return document


def document_of(resource: Json, *, trust: bool = False) -> Any:
    """Return the policy in the properties of a resource."""
    own = {"AWS::KMS::Key": "KeyPolicy", "AWS::IAM::Role": "AssumeRolePolicyDocument"}
    assert trust == (resource["Type"] == "AWS::IAM::Role")
    return resource["Properties"].setdefault(
        own.get(resource["Type"], "PolicyDocument"), {"Statement": []}
    )


def of_others(app: Construct) -> tuple[cdk.Stack, PersonalizeResource, Any]:
    """A stack, an import from a bucket of others, and their key and role as arguments."""
    stack = cdk.Stack(app, "Main", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    role_arn = "arn:aws:iam::111122223333:role/Immutable"
    given = {
        "encryption_key": kms.Key.from_key_arn(stack, "Key", key_arn),
        "service_role": iam.Role.from_role_arn(stack, "Role", role_arn, mutable=False),
    }
    source = S3Location(s3.Bucket.from_bucket_name(stack, "Data", "ratings"), "import/")
    return stack, PersonalizeResource.dataset_import_job(source), given


def test_the_path_of_a_pending_file_in_a_stage(app: cdk.App) -> None:
    """Whose assembly is in a folder below that of the app."""
    stage = cdk.Stage(app, "Dev", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    stack, _, given = of_others(stage)
    PersonalizeEncryption(stack, "Encryption", encryption_key=given["encryption_key"]).allow(
        PersonalizeResource.dataset_group()
    )
    text = check_assembly(Path(app.synth().directory)).to_text()
    (file,) = re.findall(r"add the statements in (\S+\.json)", text)
    assert Path(file).is_file()


def test_a_boundary_is_a_line_without_the_file_of_a_key(app: cdk.App) -> None:
    """Whoever has the key can't change it, and one line has all that it leaves open."""
    stack, source, given = of_others(app)
    PersonalizeEncryption(
        stack, "Encryption", resources=[source], encryption_key=given["encryption_key"]
    )
    company = iam.ManagedPolicy.from_managed_policy_name(stack, "Company", "company")
    iam.PermissionsBoundary.of(stack).apply(company)
    directory = Path(app.synth().directory)
    text = check_assembly(directory).to_text()
    (of_boundary,) = [line for line in text.splitlines() if "permissions boundary" in line]
    assert of_boundary.endswith("permissions)")
    report = check_assembly(directory, policies={"company": {"Statement": []}})
    assert {policy.policy: policy.file for policy in report.policies} == {"boundary": ""}
    assert "Role, to add (have its owner add them):" in report.to_text()


def test_what_is_pending_names_the_file_that_the_synth_wrote(app: cdk.App) -> None:
    """With its folder; the files have the statements for the owners of key, bucket and role."""
    stack, source, given = of_others(app)
    encryption = PersonalizeEncryption(stack, "Encryption", **given)
    encryption.allow(source)
    encryption.add_dataset_group("Movies", name="movies")
    directory = Path(app.synth().directory)
    report = check_assembly(directory)
    files = {
        (entry.policy, entry.file) for entry in (*report.missing, *report.undecided) if entry.file
    }
    assert files == {
        (
            "key",
            "personalize-kms-pending/MainEncryption9156E675.key.1234abcd-12ab-34cd-56ef-"
            "1234567890ab.json",
        ),
        ("bucket", "personalize-kms-pending/MainEncryption9156E675.bucket.ratings.json"),
        ("role", "personalize-kms-pending/MainEncryption9156E675.role.Immutable.json"),
    }
    for policy, file in files:
        document = json.loads((directory / file).read_text("utf-8"))
        allowed: set[str] = set()
        for statement in document["Statement"]:
            allowed |= set(statement["Action"])
        needed = [
            entry
            for entry in (*report.missing, *report.undecided)
            if (entry.policy, entry.file) == (policy, file)
        ]
        assert {entry.action for entry in needed} <= allowed
        words = f"have its owner add the statements in {os.path.relpath(directory)}/{file}"
        assert words in " ".join(report.to_text().split())
        assert words in report.to_markdown()
    written = json.loads(report.to_json())
    entries = [*written["missing"], *written["undecided"]]
    assert {entry["file"] for entry in entries if "file" in entry} == {file for _, file in files}
