"""Checks of stacks and their environments: whether the stacks of an app can refer to each other as they have to.

The CDK refuses much of it too, later, and names neither the construct nor what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aws_cdk import Stack

from ._policies.between_stacks import needs
from ._policies.elsewhere import depends_on_its_stack, unknown_elsewhere
from ._policies.names import is_nested_in, outermost_stack
from ._policies.place import Place
from ._policies.resources import BucketFacts, Facts, KeyFacts
from ._policies.roles import RoleFacts
from ._tokens import is_token, names_a_resource


def personalize_arn_problems(what: str, arn: object, here: Place) -> Iterator[str]:
    """Explain that something of Personalize is in another Region or account than the stack."""
    match arn.split(":") if isinstance(arn, str) else []:
        case ["arn", _, _, region, account, *_]:
            pairs = (("Region", region, here.region), ("account", account, here.account))
            wrong = [
                f"of {part} {got} instead of {wanted}" for part, got, wanted in pairs if got and _differ(got, wanted)
            ]
            if wrong:
                yield (
                    f"{what} is {arn!r}, {' and '.join(wrong)}, but dataset groups, schemas and datasets are in one "
                    "account and Region: pass the ARN of one in those of the stack"
                )


def service_role_problems(role: RoleFacts) -> Iterator[str]:
    """Explain why Personalize can't assume a role that was given, or why this stack can't refer to it."""
    here = role.here
    if role.stack is not None and Place.of(role.stack).stage_path != here.stage_path:
        yield (
            "service_role is in another stage, and stages are deployed apart from each other: import it by its ARN, or "
            "make it in this stage"
        )
        return
    account = role.role.principal_account if role.stack is None else role.stack.account
    if not role.is_lookup_dummy and account is not None and _differ(account, here.account):
        yield (
            f"service_role belongs to account {account} but the stack to {here.account}, and Personalize takes "
            "no role of another account: pass a role of this account, or leave service_role out and have one made"
        )
    elif role.stack is not None and role.stack is not here.stack and not _can_refer_to(role.arn, here.stack):
        yield (
            "service_role is in a stack of another environment and has no literal name to refer to it by: give the "
            "role a role_name without tokens"
        )
    elif role.stack is not None and _comes_after(role.stack, here.stack):
        yield (
            f"service_role is in {role.stack.node.path}, which needs {here.stack.node.path}, by a bucket that is "
            "encrypted with a key of it for example, but the construct's policies there need the role, a cycle of "
            "stacks: make the key in a stack of its own, or the role beside the construct"
        )


def _comes_after(one: Stack, other: Stack) -> bool:
    return outermost_stack(one) is not outermost_stack(other) and needs(one, other)


def role_reference_problems(what: object, resource: Facts, role: RoleFacts) -> Iterator[str]:
    """Explain that the policy of a resource of another stack can't refer to the role without a cycle of stacks."""
    if resource.stack is None:
        return
    if _is_unknown_to(resource.stack, role):
        yield (
            f"{what} is in another stack and service_role was imported by an ARN that a condition or a mapping of its "
            "own stack decides, of which no other stack knows: import it by an ARN without Fn::If and Fn::FindInMap"
        )
        return
    if not role.would_make_a_cycle_in(resource.stack):
        return
    if role.l1 is None:
        yield (
            f"{what} is in another stack and service_role was imported by an ARN that only its own stack knows, a "
            "parameter for example, so that both stacks would need each other: import it by a literal ARN, or by its "
            "name with iam.Role.from_role_name"
        )
    elif not role.has_name:
        yield (
            f"{what} is in another stack and service_role has no fixed name, so that its policy would need the ARN of "
            "the role and the role's policy its own, a cycle of stacks: give the role a role_name, or leave "
            "service_role out and have one made"
        )
    elif role.name_is_of_its_stack:
        yield (
            f"{what} is in another stack and the role's name has a value of the role's own stack in it, a parameter "
            "for example, so that both stacks would need each other: use literals and pseudo parameters such as "
            "Aws.REGION in role_name"
        )


def role_at_synth_problems(role: RoleFacts) -> Iterator[str]:
    """Explain that a role of another environment has got another ARN than the one that this stack refers to it by."""
    l1, here = role.l1, role.here.stack
    if l1 is None or role.stack is None or role.own_l1 is not None:
        return
    if _share_environment(role.stack, here) or not role.has_name:
        return
    if here.resolve(role.arn) != here.resolve(role.arn_by_name(lambda _: False)):
        yield (
            f"service_role {role.name} has another name or path than it had when the CDK wrote its ARN into stack "
            f"{here.node.path}, which is of another environment, so that policies would speak of two roles: give it "
            "name and path where it is made, a path not at all (no aspect may change it later)"
        )


def bucket_at_synth_problems(what: object, bucket: BucketFacts, here: Place) -> Iterator[str]:
    """Explain that a bucket of another environment has got another name than the one that this stack knows it by."""
    l1, l2 = bucket.l1, bucket.l2
    if bucket.stack is None or l1 is None or l2 is None or _share_environment(bucket.stack, here.stack):
        return
    if here.stack.resolve(l2.bucket_name) != bucket.stack.resolve(l1.bucket_name):
        yield (
            f"{what} has another name than it had when the CDK wrote it into stack {here.stack.node.path}, which is of "
            "another environment, so that policies would speak of two buckets: give it its bucket_name where it is "
            "made"
        )


def prefix_problems(what: str, prefix: str, bucket: BucketFacts, here: Place) -> Iterator[str]:
    """Explain that the policy of a bucket of another stack can't say a prefix of this one."""
    if bucket.stack is None or bucket.stack is here.stack:
        return
    unknown = unknown_elsewhere(prefix, here.stack)
    if is_nested_in(bucket.stack, here.stack):
        # A parent hands on to what is nested in it.
        unknown = [part for part in unknown if not names_a_resource(part)]
    if unknown:
        yield (
            f"{what} has a prefix that only its own stack knows, by a parameter or a condition for example, but the "
            f"policy of the bucket is in {bucket.stack.node.path}, which needs it too: use literals and pseudo "
            "parameters such as Aws.REGION in the prefix"
        )


def bucket_key_problems(what: str, bucket: BucketFacts, key: KeyFacts | None, here: Place) -> Iterator[str]:
    """Explain that a bucket of another stack is encrypted with a key of this one, a cycle of stacks."""
    if key is None or key.stack is None or bucket.stack is None:
        return
    if bucket.stack is here.stack or is_nested_in(bucket.stack, here.stack):
        return
    apart = _outermost_without(bucket.stack, here.stack)
    if key.stack is apart or is_nested_in(key.stack, apart):
        yield (
            f"{what} is in {bucket.stack.node.path} and is encrypted with a key of {key.stack.node.path}, where the "
            "construct is, so that the bucket needs the one stack and the role's policy the other, a cycle of stacks: "
            "make the key in a stack of its own, or the construct beside the bucket"
        )


def caller_reference_problems(caller: Stack, role: RoleFacts, used: Iterable[Facts]) -> Iterator[str]:
    """Explain that a caller's policy can't refer to the role without a cycle of stacks."""
    if _is_unknown_to(caller, role):
        yield (
            f"grantee is in {caller.node.path} and service_role was imported by an ARN that a condition or a mapping "
            f"of {role.here.stack.node.path} decides, of which no other stack knows: import it by an ARN without "
            "Fn::If and Fn::FindInMap"
        )
    can_be_said = role.has_name and not role.name_is_of_its_stack
    if role.stack is None or can_be_said:
        return
    ours, theirs = outermost_stack(role.here.stack), outermost_stack(caller)
    if outermost_stack(role.stack) is ours is not theirs and any(
        each.stack is not None and outermost_stack(each.stack) is theirs for each in used
    ):
        yield (
            f"grantee is in {caller.node.path}, where a key or a bucket is, and service_role has no fixed name, or one "
            "that its own stack gives it, so that the caller's policy would need the ARN of the role and the role's "
            "policy that of the key or bucket, a cycle of stacks: give the role a literal role_name"
        )


def environment_problems(what: str, resource: Facts, here: Place) -> Iterator[str]:
    """Explain that Personalize can't use a resource of another environment."""
    if resource.stack is here.stack:
        return
    if _differ(resource.region, here.region):
        yield (
            f"{what} is in Region {resource.region} but the stack is in {here.region}, and Personalize uses keys and "
            f"buckets of its own Region only: pass one of {here.region}, or make the stack in {resource.region}"
        )
    if resource.stack is None:
        return
    if Place.of(resource.stack).stage_path != here.stage_path:
        yield (
            f"{what} is in another stage, and stages are deployed apart from each other: import it by its ARN, or make "
            "it in this stage"
        )
    if any(is_token(a) != is_token(b) for a, b in ((resource.account, here.account), (resource.region, here.region))):
        one, other = resource.stack, here.stack
        yield (
            f"{what} is in {one.node.path}, whose environment is {one.environment.removeprefix('aws://')}, and the "
            f"construct in {other.node.path}, whose is {other.environment.removeprefix('aws://')}, so that nobody "
            "knows if they are one account and Region: give both stacks their env, or neither"
        )


def reference_problems(what: str, resource: Facts, here: Place, *, needs_export: bool) -> Iterator[str]:
    """Explain that a stack of another account can't be referred to."""
    account = resource.account
    if resource.stack is None or not _differ(account, here.account):
        return
    if needs_export and here.stack.nested:
        yield (
            f"{what} belongs to the stack of account {account}, to which the CDK lets no nested stack refer: import it "
            "by its ARN, or make the construct in a stack that isn't nested"
        )
    if not needs_export and not _can_refer_to(resource.arn, here.stack):
        yield f"{what} belongs to account {account} and has no fixed name to refer to it by: give it a bucket_name"


def _outermost_without(other: Stack, stack: Stack) -> Stack:
    """Return the stack, or the outermost that it is nested in, without the other one in it."""
    parent = stack.nested_stack_parent
    if parent is None or parent is other or is_nested_in(other, parent):
        return stack
    return _outermost_without(other, parent)


def _share_environment(one: Stack, other: Stack) -> bool:
    """Tell if the CDK lets stacks refer to each other; otherwise it writes names out, as they are then."""
    return one is other or one.environment == other.environment


def _differ(one: str, other: str) -> bool:
    """Tell if two accounts or Regions are known to be different."""
    return not is_token(one) and not is_token(other) and one != other


def _is_unknown_to(stack: Stack, role: RoleFacts) -> bool:
    """Tell if a condition or a mapping decides the ARN of an imported role, of which this stack knows nothing."""
    here = role.here.stack
    return stack is not here and role.l1 is None and depends_on_its_stack(role.arn, here)


def _can_refer_to(arn: str, stack: Stack) -> bool:
    try:
        stack.resolve(arn)
    except RuntimeError:  # CannotUseCrossEnvironment
        return False
    return True
