"""Keys, buckets and roles of another environment, and references that make a cycle of stacks.

Tokens, as in environment-agnostic stacks, and dummies of a look-up are never compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aws_cdk import Stack

from .._tokens import TOKEN, is_known_by_now, is_replaced_later, is_token, literal_part, targets_in
from .place import Place
from .resolved import KEY_ARN, ResolvedBucket, ResolvedKey, ResolvedLocation
from .role import ServiceRole, is_lookup_dummy

# With "…" for each token. A path takes all of ASCII, but a colon in it is that of another ARN
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html), and "*" and "?" are
# wildcards.
_ROLE_ARN = re.compile(r"arn:[\w…-]+:iam::[\d…]+:role/([!-)+-9;->@-~…]*/)?[\w+=,.@…-]+")
_PARTS_TO_ACCOUNT = 5
_PARAMETER_IN_FOLDER = re.compile(r"role/.*\{\{resolve:[^}]*/")


def personalize_arn_problems(subject: str, arn: object, here: Place) -> Iterator[str]:
    """Explain that a Personalize resource is in another Region or account than the stack."""
    parts = arn.split(":") if isinstance(arn, str) else []
    if len(parts) < _PARTS_TO_ACCOUNT or parts[0] != "arn":
        return
    wrong = []
    for part, got, wanted in (
        ("Region", parts[3], here.region),
        ("account", parts[4], here.account),
    ):
        if got and _differ(got, wanted):
            wrong.append(f"of {part} {got} instead of {wanted}")
    if wrong:
        yield (
            f"{subject} is {arn!r}, {' and '.join(wrong)}, but dataset groups, schemas and "
            "datasets are in one account and Region: pass an ARN of the stack's account and Region"
        )


def service_role_problems(role: ServiceRole) -> Iterator[str]:
    """Explain that an ARN is not a role's, or is in another account."""
    here = role.here
    arn = TOKEN.sub("…", role.arn)
    is_open = is_lookup_dummy(role.arn) or is_replaced_later(role.arn)
    if role.is_mutable and _PARAMETER_IN_FOLDER.search(arn):
        yield (
            f"service_role has the ARN {arn}, and the CDK takes the end of it for the role's name: "
            "use ssm.StringParameter.value_for_string_parameter instead of the dynamic reference"
        )
    elif arn.startswith("arn:") and not is_open and not _ROLE_ARN.fullmatch(arn):
        yield (
            f"service_role has the ARN {arn}, which isn't that of a role: pass "
            "iam.Role.from_role_name a name, or iam.Role.from_role_arn the ARN of a role"
        )
    account = role.role.principal_account if role.stack is None else role.stack.account
    if not is_lookup_dummy(role.arn) and account is not None and _differ(account, here.account):
        yield (
            f"service_role belongs to account {account} but the stack to {here.account}, and "
            "Personalize takes no role in another account: pass a role in this account, or leave "
            "service_role out and have one made"
        )


def key_problems(
    subject: str, key: ResolvedKey, here: Place, role: ServiceRole | None, *, managed: bool
) -> Iterator[str]:
    """Explain why Personalize can't use a key here, or why the key policy can't name the role."""
    if key.is_alias:
        yield (
            f"{subject} is an alias but Personalize takes the ARN of a key: pass the key itself, "
            "for example the alias_target_key of an alias made here, or kms.Key.from_lookup(…, "
            "alias_name=…)"
        )
        return
    if key.stack is None:
        yield from _key_arn_problems(subject, key.arn)
    yield from _region_problems(subject, key, here)
    if not is_token(key.spec) and key.spec != "SYMMETRIC_DEFAULT":
        yield (
            f"{subject} is a {key.spec} key but Personalize needs data keys, which only symmetric "
            "encryption keys generate: use KeySpec.SYMMETRIC_DEFAULT"
        )
    if role is None:
        return
    yield from _role_reference_problems(subject, key, role)
    if managed and key.stack is None and role.is_of_another_account_than(key.account):
        yield (
            f"{subject} belongs to account {key.account}, and ImportedKeyPolicy.MANAGED works in "
            "the stack's account only: use ImportedKeyPolicy.PENDING and have the key's owner add "
            "the statements"
        )


def bucket_problems(
    subject: str, bucket: ResolvedBucket, here: Place, role: ServiceRole | None
) -> Iterator[str]:
    """Explain why Personalize can't use a bucket here, or why its policy can't name the role."""
    if bucket.stack is None:
        name = literal_part(bucket.arn).rpartition(":")[2]
        if ":accesspoint/" in bucket.arn:
            yield (
                f"{subject} has the ARN {bucket.arn} of an access point, and the construct takes "
                "no access points: pass the bucket behind it"
            )
        elif any(character in name for character in "/*?"):
            yield (
                f"{subject} has the ARN {bucket.arn}, which no bucket has: pass only the bucket, "
                "and the folder as the prefix of the S3Location"
            )
    yield from _region_problems(subject, bucket, here)
    if role is not None and not role.is_of_account(bucket.account):
        yield from _role_reference_problems(subject, bucket, role)


def prefix_problems(
    subject: str, location: ResolvedLocation, here: Place, role: ServiceRole | None
) -> Iterator[str]:
    """Explain why the policy of another stack's bucket can't have this prefix.

    The role's policy refers to the bucket, so the bucket's policy can't refer to this stack.
    """
    prefix, there = location.prefix, location.bucket.stack
    if there is None or there is here.stack or not is_token(prefix):
        return
    bucket = location.bucket
    is_elsewhere = _differ(bucket.account, here.account) or _differ(bucket.region, here.region)
    is_in_cycle = not is_elsewhere and Place.of(there).outermost is not here.outermost
    needs_bucket = role is not None and role.is_mutable and is_in_cycle
    stacks = [Place.of(Stack.of(target)).outermost for target in targets_in(prefix)]
    if "AWS.StackId" in prefix or (needs_bucket and here.outermost in stacks):
        yield (
            f"{subject} has prefix {prefix!r}, a part of which only the construct's own stack can "
            "say, but the bucket is in another stack, whose policy has it too: use literals and "
            "pseudo parameters such as Aws.REGION"
        )


def _region_problems(
    subject: str, resource: ResolvedKey | ResolvedBucket, here: Place
) -> Iterator[str]:
    if _differ(resource.region, here.region):
        yield (
            f"{subject} is in Region {resource.region} but the stack is in {here.region}, and "
            f"Personalize uses keys and buckets of its own Region only: pass one of {here.region}, "
            f"or make the stack in {resource.region}"
        )


def _role_reference_problems(
    subject: str, resource: ResolvedKey | ResolvedBucket, role: ServiceRole
) -> Iterator[str]:
    """Explain why a reference to the role in another stack's policy makes a cycle of stacks."""
    if resource.stack is None or not role.would_make_a_cycle_in(resource.stack):
        return
    if role.l1 is None:
        yield (
            f"{subject} is in another stack, and service_role was imported by an ARN that only its "
            "own stack knows, a parameter for example, so each stack would depend on the other: "
            "import it by a literal ARN, or by its name with iam.Role.from_role_name"
        )
    elif not role.has_name:
        yield (
            f"{subject} is in another stack, and service_role has no fixed name, so each stack "
            "would depend on the other: set the role's role_name, or leave service_role out and "
            "have one made"
        )
    elif role.name_is_of_its_stack:
        yield (
            f"{subject} is in another stack, and the role's name has a value of the role's own "
            "stack in it, a parameter for example, so each stack would depend on the other: use "
            "literals and pseudo parameters such as Aws.REGION in role_name"
        )


def _key_arn_problems(subject: str, arn: str) -> Iterator[str]:
    has_wildcard = any(wildcard in literal_part(arn) for wildcard in "*?")
    if has_wildcard or (is_known_by_now(arn) and not KEY_ARN.fullmatch(arn)):
        yield (
            f"{subject} has the ARN {arn}, which no key has: pass one of the form "
            "arn:aws:kms:REGION:ACCOUNT:key/ID, with an account of 12 digits and without wildcards"
        )


def _differ(one: str, other: str) -> bool:
    """Tell if two accounts or Regions are certainly different."""
    return is_known_by_now(one) and is_known_by_now(other) and one != other
