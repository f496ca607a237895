"""Permissions that our statements allow beyond what is asked for.

Every document is held against every action of its service, for the callers it is meant for and for
strangers, on the resources it is meant for and on others.
"""

from collections.abc import Collection, Iterator, Sequence

from tests.proof import page
from tests.proof.evaluator import (
    Caller,
    addressed_to,
    allowed,
    as_list,
    statements_in,
    statements_of,
)
from tests.proof.missing import Deviation
from tests.proof.model import Bucket, Deployed, Document, Environment, Key, Role
from tests.proof.needs import IF_PRESENT, REQUIRED, Need, Use
from tests.proof.strange import actions_of, not_understood, strange_principals

ON_EVERYTHING = sorted({action.partition(":")[0] for action in page.ON_EVERYTHING})
"""The services whose actions take no narrower resource."""
IAM_SERVICES = ("kms", "s3", *ON_EVERYTHING)
STRANGE_ACCOUNT = "999988887777"


def excess(ours: Deployed, uses: Sequence[Use], asked: Sequence[Need]) -> Iterator[Deviation]:
    """Yield permissions beyond these needs, and statements that can't be judged."""
    roles = {use.role for use in uses}
    for key in ours.keys.values():
        yield from _strange(
            key.arn, key.policy, ["kms"], roles, is_named=key.arn not in ours.outside
        )
        yield from _in_key_policy(key, uses, asked)
    for bucket in ours.buckets.values():
        across = _across(ours, uses, bucket)
        yield from _strange(
            bucket.arn, bucket.policy, ["s3"], across, is_named=bucket.arn not in ours.outside
        )
        yield from _in_bucket_policy(bucket, across, uses, asked)
    for use in {use.role: use for use in uses}.values():
        role = ours.roles[use.role]
        for document in role.identity:
            yield from _strange(role.arn, document, IAM_SERVICES, None)
        yield from _in_iam(role, ours, use.environment, asked)
        if use.made_role:
            yield from _strange(role.arn, role.trust, ["sts"], ())
            yield from _in_trust(role, use)


def strangers(role: str, here: Environment) -> Iterator[Caller]:
    """Principals that resemble the role or the service, and are not."""
    start, name = role.rsplit("/", 1)
    root = f"arn:{here.partition}:iam::{here.account}"
    for arn in (
        f"{start}/{name}2",
        f"{start}/{name[:-1]}",
        f"{start}/{name.swapcase()}",
        f"{start}/elsewhere/{name}",
        f"{root}:role/somebody",
        f"{root}:user/{name}",
        f"{root}:root",
        role.replace(f":{here.account}:", f":{STRANGE_ACCOUNT}:"),
        f"arn:{here.partition}:iam::{STRANGE_ACCOUNT}:root",
    ):
        yield Caller(arn)
    for service in (
        "forecast.amazonaws.com",
        "personalize.amazonaws.com.cn",
        f"personalize.{here.region}.amazonaws.com",
        "s3.amazonaws.com",
    ):
        yield from sourced(service, here)
    yield Caller()


def sourced(service: str, here: Environment) -> Iterator[Caller]:
    """Calls of a service for this account, for nobody, and for others."""
    start = f"arn:{here.partition}:personalize"
    ours = f"{start}:{here.region}:{here.account}:dataset-group/movies"
    yield Caller(service=service, source_account=here.account, source_arn=ours)
    yield from confused_deputies(service, here)


def shut_out(check: str, here: Environment) -> set[Caller]:
    """Calls of Personalize that must not be let in."""
    if check == REQUIRED:
        return set(confused_deputies(page.SERVICE, here))
    if check == IF_PRESENT:
        known = (None, here.account)
        return {
            caller
            for caller in confused_deputies(page.SERVICE, here)
            if caller.source_account not in known
        }
    return set()


def confused_deputies(service: str, here: Environment) -> Iterator[Caller]:
    """Calls of a service that may be for other resources, accounts or Regions than ours."""
    start = f"arn:{here.partition}:personalize"
    ours = f"{start}:{here.region}:{here.account}:dataset-group/movies"
    theirs = f"{start}:{here.region}:{STRANGE_ACCOUNT}:dataset-group/movies"
    region = f"{start}:us-west-2:{here.account}:dataset-group/movies"
    another = f"arn:{here.partition}:s3:{here.region}:{here.account}:dataset-group/movies"
    for account, arn in (
        (None, None),
        (here.account, None),
        (None, ours),
        (STRANGE_ACCOUNT, theirs),
        (STRANGE_ACCOUNT, ours),
        (f"{here.account[:-1]}0", ours),
        (here.account, theirs),
        (here.account, region),
        (here.account, another),
    ):
        yield Caller(service=service, source_account=account, source_arn=arn)


def _callers(uses: Sequence[Use]) -> Iterator[tuple[Caller, str | None]]:
    """All possible callers, each with the principal of the page it stands for, if any."""
    roles = {use.role for use in uses}
    callers: dict[Caller, str | None] = {Caller(role): role for role in roles}
    for use in uses:
        for caller in strangers(use.role, use.environment):
            if caller.arn not in roles:
                callers[caller] = None
        callers.update(dict.fromkeys(sourced(page.SERVICE, use.environment), page.SERVICE))
    # What one construct lets in, another on the same key can't shut out.
    by_all = [shut_out(use.check, use.environment) for use in uses]
    callers.update(dict.fromkeys(set.intersection(*by_all) if by_all else ()))
    yield from callers.items()


def _across(ours: Deployed, uses: Sequence[Use], bucket: Bucket) -> set[str]:
    """The roles of another account than the bucket's, as far as is known before deployment."""
    across = set()
    for use in uses:
        if ours.roles[use.role].account != bucket.account or bucket.arn in use.unsure:
            across.add(use.role)
    return across


def _asked(asked: Sequence[Need], principal: str | None, where: Sequence[str], on: str) -> set[str]:
    actions = set()
    for need in asked:
        if need.principal == principal and need.where in where and need.on.covers(on):
            actions.add(need.action.lower())
    return actions


def _in_key_policy(key: Key, uses: Sequence[Use], asked: Sequence[Need]) -> Iterator[Deviation]:
    for caller, principal in _callers(uses):
        given = allowed(addressed_to(key.policy, caller), caller, actions_of("kms"), key.arn)
        for action in sorted(
            given and given - _asked(asked, principal, [page.KEY_POLICY], key.arn)
        ):
            yield str(caller), action, key.arn, page.KEY_POLICY


def _in_bucket_policy(
    bucket: Bucket, across: Collection[str], uses: Sequence[Use], asked: Sequence[Need]
) -> Iterator[Deviation]:
    probes = list(_probes(bucket, asked))
    for caller, principal in _callers(uses):
        statements = addressed_to(bucket.policy, caller)
        # A role of another account has to be allowed on both sides; the page's samples are about
        # one account.
        where = [page.IAM] if principal in across else [page.BUCKET_POLICY]
        for resource in probes:
            given = allowed(statements, caller, actions_of("s3"), resource)
            for action in sorted(given and given - _asked(asked, principal, where, resource)):
                yield str(caller), action, resource, page.BUCKET_POLICY


def _in_iam(
    role: Role, ours: Deployed, here: Environment, asked: Sequence[Need]
) -> Iterator[Deviation]:
    statements, caller = statements_in(role.identity), Caller(role.arn)
    another = f"arn:{here.partition}:kms:{here.region}:{here.account}:key/another"
    unsure: set[str] = set()
    for need in asked:
        if need.use.role == role.arn:
            unsure |= need.use.unsure
    for arn in (*ours.keys, another, *(f"{arn[:-1]}~" for arn in ours.keys)):
        # Where the key policy only delegates to the role's account, IAM has to allow what the key
        # policy does.
        named = arn in ours.keys and arn not in unsure and _is_named(role, ours.keys[arn])
        where = [page.IAM] if named else [page.IAM, page.KEY_POLICY]
        given = allowed(statements, caller, actions_of("kms"), arn)
        for action in sorted(given - _asked(asked, role.arn, where, arn)):
            yield role.arn, action, arn, page.IAM
    stranger = Bucket(f"arn:{here.partition}:s3:::somebody-elses", here.account)
    for bucket in (*ours.buckets.values(), stranger):
        for resource in _probes(bucket, asked):
            given = allowed(statements, caller, actions_of("s3"), resource)
            for action in sorted(given and given - _asked(asked, role.arn, [page.IAM], resource)):
                yield role.arn, action, resource, page.IAM
    for service in ON_EVERYTHING:
        given = allowed(statements, caller, actions_of(service), "*")
        for action in sorted(given - _asked(asked, role.arn, [page.IAM], "*")):
            yield role.arn, action, "*", page.IAM


def _in_trust(role: Role, use: Use) -> Iterator[Deviation]:
    wrong = [
        *strangers(use.role, use.environment),
        *confused_deputies(page.SERVICE, use.environment),
    ]
    right = [caller for caller in sourced(page.SERVICE, use.environment) if caller not in wrong]
    for caller in (*wrong, *right):
        given = allowed(addressed_to(role.trust, caller), caller, actions_of("sts"), role.arn)
        for action in sorted(given - ({page.TRUST_ACTION.lower()} if caller in right else set())):
            yield str(caller), action, role.arn, "trust policy"


def _is_named(role: Role, key: Key) -> bool:
    """Tell if the key policy itself allows the role, instead of leaving it to IAM."""
    principals = [statement.get("Principal") for statement in statements_of(key.policy)]
    named = [
        as_list(principal.get("AWS")) for principal in principals if isinstance(principal, dict)
    ]
    return role.account == key.account and any(role.arn in arns for arns in named)


def _probes(bucket: Bucket, asked: Sequence[Need]) -> Iterator[str]:
    """The bucket, objects below each of its prefixes, and objects just outside of them."""
    of_objects = {need.on for need in asked if need.on.objects}
    folders = {target for target in of_objects if target.arn.startswith(f"{bucket.arn}/")}
    arns = {bucket.arn, f"{bucket.arn}/", f"{bucket.arn}/~/~", f"{bucket.arn}2", f"{bucket.arn}2/~"}
    for folder in folders:
        arns.update(folder.samples())
        prefix = folder.arn.removeprefix(f"{bucket.arn}/")
        arns.update(f"{bucket.arn}/{prefix[:length]}~" for length in range(len(prefix)))
    yield from sorted(arns)


def _strange(
    arn: str,
    document: Document | None,
    services: Sequence[str],
    roles: Collection[str] | None,
    *,
    is_named: bool = True,
) -> Iterator[Deviation]:
    """Yield what these statements may not have; ``roles`` are whom they may name (IAM: none)."""
    for statement in statements_of(document):
        problems = list(not_understood(statement, services, has_principal=roles is not None))
        if roles is not None:
            problems += strange_principals(statement, roles, is_named=is_named)
        for problem in problems:
            yield f"statement {statement.get('Sid', '')}", problem, arn, "one policy"
