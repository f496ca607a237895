"""Every difference between policies and AWS's page, in both directions.

What is missing is looked for twice: in effect, and by our statements alone, so that a statement of somebody else, as
CDK's for the account, hides no lack. What is too much is looked for by our statements alone, document by document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tests.proof import page
from tests.proof.evaluator import Caller, addressed_to, allowed, statements_of
from tests.proof.excess import excess
from tests.proof.judge import Judge
from tests.proof.model import Deployed, Document, Statement
from tests.proof.needs import REQUIRED, Need, Place, Use, needs

IN_EFFECT = "in effect"
OURS_ALONE = "by our statements alone"


@dataclass(frozen=True)
class Difference:
    """Something that is not as AWS's page has it."""

    what: str
    """``"missing"``, ``"too much"`` or ``"wrong"``."""
    principal: str
    action: str
    resource: str
    where: str

    def __str__(self) -> str:
        return f"{self.what}: {self.principal} {self.action} on {self.resource} ({self.where})"


def differences(deployed: Deployed, uses: Sequence[Use]) -> Iterator[Difference]:
    """Yield the permissions that the policies lack, and those beyond what is asked for."""
    asked = list(dict.fromkeys(need for use in uses for need in needs(use)))
    ours = by_our_statements_alone(deployed)
    yield from _sids(deployed)
    yield from _wiring(deployed, uses)
    for view, policies in ((OURS_ALONE, ours), (IN_EFFECT, deployed)):
        for use in uses:
            yield from _trust(policies, use, view)
        judge = Judge(policies)
        for need in asked:
            yield from _lacks(judge, need, view)
    for principal, action, resource, where in excess(ours, uses, asked):
        yield Difference("too much", principal, action, resource, where)


def by_our_statements_alone(deployed: Deployed) -> Deployed:
    """The policies without the statements of others."""
    ours = Deployed(personalize=deployed.personalize, outside=deployed.outside)
    for arn, key in deployed.keys.items():
        root = f"arn:{arn.split(':')[1]}:iam::{key.account}:root"
        ours.keys[arn] = replace(key, policy=_without_theirs(key.policy, root))
    for arn, role in deployed.roles.items():
        ours.roles[arn] = replace(role, identity=[_without_theirs(document) for document in role.identity])
    for arn, bucket in deployed.buckets.items():
        ours.buckets[arn] = replace(bucket, policy=_without_theirs(bucket.policy or {}))
    return ours


def is_theirs(statement: Statement, account_root: str = "") -> bool:
    """Tell if CDK begins key policies with the statement, or denies HTTP by it, or its sid says that it is others'."""
    cdk = {"Effect": "Allow", "Principal": {"AWS": account_root}, "Action": "kms:*", "Resource": "*"}
    http = statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}} and statement["Effect"] == "Deny"
    return http or statement == cdk or str(statement.get("Sid", "")).startswith("Owner")


def _without_theirs(document: Document, account_root: str = "") -> Document:
    kept = [statement for statement in statements_of(document) if not is_theirs(statement, account_root)]
    return {**document, "Statement": kept}


def service_calls(use: Use) -> tuple[Caller, ...]:
    """The calls of the service that have to be allowed; whether they carry their source is documented nowhere."""
    here = use.environment
    source = f"arn:{here.partition}:personalize:{here.region}:{here.account}:dataset-group/movies"
    carrying = Caller(service=page.SERVICE, source_account=here.account, source_arn=source)
    return (carrying,) if use.check == REQUIRED else (carrying, Caller(service=page.SERVICE))


def _lacks(judge: Judge, need: Need, view: str) -> Iterator[Difference]:
    region = need.use.environment.region
    owner = need.on.arn if need.where == page.KEY_POLICY else need.on.arn.split("/")[0]
    for resource in need.on.samples():
        where: str | None = f"{need.where}, {view}"
        if need.principal == page.SERVICE:
            calls = service_calls(need.use)
            given = all(judge.allows_service(owner, call, need.action, resource) for call in calls)
            where = None if given else where
        elif need.where == page.KEY_POLICY:
            lacking = judge.on_key(need.principal, owner, need.action, region)
            where = f"{lacking}, {view}" if lacking else None
        elif need.action.startswith("s3:"):
            lacking = judge.in_bucket(need.principal, owner, need.action, resource, region)
            where = f"{lacking}, {view}" if lacking else None
        elif judge.by_iam(need.principal, need.action, resource, region):
            where = None
        if where is not None:
            yield Difference("missing", need.principal, need.action, resource, where)


def _trust(policies: Deployed, use: Use, view: str) -> Iterator[Difference]:
    role = policies.roles[use.role]
    call = service_calls(use)[0]
    # A trust policy has no Resource: it is about its role.
    if not allowed(addressed_to(role.trust, call), call, [page.TRUST_ACTION], role.arn):
        yield Difference("missing", page.SERVICE, page.TRUST_ACTION, role.arn, f"trust policy, {view}")


def _sids(deployed: Deployed) -> Iterator[Difference]:
    documents: list[tuple[str, Document]] = [(key.arn, key.policy) for key in deployed.keys.values()]
    documents += [(bucket.arn, bucket.policy or {}) for bucket in deployed.buckets.values()]
    documents += [(role.arn, document) for role in deployed.roles.values() for document in role.identity]
    for arn, document in documents:
        sids = Counter(statement["Sid"] for statement in statements_of(document) if "Sid" in statement)
        for sid, times in sids.items():
            if times > 1:
                yield Difference("wrong", f"sid {sid}", f"{times} times", arn, "one policy")


def _wiring(deployed: Deployed, uses: Sequence[Use]) -> Iterator[Difference]:
    """Resources of Personalize whose key, role or path is another than the one that was allowed."""
    for resource in deployed.personalize:
        properties = resource.properties
        if resource.type == "AWS::Personalize::DatasetGroup":
            fits = any(
                (use.key, use.role) == (properties["KmsKeyArn"], properties["RoleArn"])
                and any(chosen.kind == "dataset group" for chosen in use.chosen)
                for use in uses
            )
        elif resource.type == "AWS::Personalize::Dataset" and properties["DatasetImportJob"]:
            job = properties["DatasetImportJob"]
            path = job["DataSource"]["DataLocation"]
            sources = _places(uses, job["RoleArn"], "dataset import job")
            fits = any(place is not None and _contains(place, path) for place in sources)
        elif resource.type == "AWS::Personalize::MetricAttribution":
            config = properties["MetricsOutputConfig"]
            to = config.get("S3DataDestination") or {}
            destinations = _places(uses, config["RoleArn"], "metric attribution")
            fits = any(
                (_contains(place, to.get("Path")) and place.key == to.get("KmsKeyArn")) if place else not to
                for place in destinations
            )
        else:
            continue
        if not fits:
            yield Difference("wrong", resource.type, "has another key, role or path", resource.place, str(properties))


def _places(uses: Sequence[Use], role: str, kind: str) -> Iterator[Place | None]:
    for use in uses:
        for chosen in use.chosen:
            if use.role == role and chosen.kind == kind:
                yield chosen.source or chosen.destination


def _contains(place: Place, path: str | None) -> bool:
    return path is not None and path.startswith(f"s3://{place.bucket.split(':::')[1]}/{place.prefix}")
