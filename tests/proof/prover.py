"""Every difference between policies and AWS's page, in both directions.

What is missing is looked for twice: in effect, and by our statements alone, so that a statement of
somebody else, as CDK's for the account, hides no lack. What is too much is looked for by our
statements alone, document by document.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tests.proof.evaluator import statements_of
from tests.proof.excess import excess
from tests.proof.missing import missing
from tests.proof.model import Deployed, Document, Statement
from tests.proof.needs import Need, Place, Use, needs


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
    all_needs: list[Need] = []
    for use in uses:
        all_needs += needs(use)
    asked = list(dict.fromkeys(all_needs))
    ours = by_our_statements_alone(deployed)
    yield from _sids(deployed)
    yield from _wiring(deployed, uses)
    for view, policies in (("by our statements alone", ours), ("in effect", deployed)):
        for principal, action, resource, where in missing(policies, uses, asked):
            yield Difference("missing", principal, action, resource, f"{where}, {view}")
    for principal, action, resource, where in excess(ours, uses, asked):
        yield Difference("too much", principal, action, resource, where)


def by_our_statements_alone(deployed: Deployed) -> Deployed:
    """The policies without the statements of others."""
    ours = Deployed(personalize=deployed.personalize, outside=deployed.outside)
    for arn, key in deployed.keys.items():
        root = f"arn:{arn.split(':')[1]}:iam::{key.account}:root"
        ours.keys[arn] = replace(key, policy=_without_theirs(key.policy, root))
    for arn, role in deployed.roles.items():
        ours.roles[arn] = replace(
            role, identity=[_without_theirs(document) for document in role.identity]
        )
    for arn, bucket in deployed.buckets.items():
        ours.buckets[arn] = replace(bucket, policy=_without_theirs(bucket.policy or {}))
    return ours


def is_theirs(statement: Statement, account_root: str = "") -> bool:
    """Tell if the statement is CDK's first of a key policy, a denial of HTTP, or of others."""
    principal = {"AWS": account_root}
    cdk = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    http = (
        statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        and statement["Effect"] == "Deny"
    )
    return http or statement == cdk or str(statement.get("Sid", "")).startswith("Owner")


def _without_theirs(document: Document, account_root: str = "") -> Document:
    kept = [
        statement for statement in statements_of(document) if not is_theirs(statement, account_root)
    ]
    return {**document, "Statement": kept}


def _sids(deployed: Deployed) -> Iterator[Difference]:
    documents: list[tuple[str, Document]] = [
        (key.arn, key.policy) for key in deployed.keys.values()
    ]
    documents += [(bucket.arn, bucket.policy or {}) for bucket in deployed.buckets.values()]
    for role in deployed.roles.values():
        documents += [(role.arn, document) for document in role.identity]
    for arn, document in documents:
        sids = Counter(
            statement["Sid"] for statement in statements_of(document) if "Sid" in statement
        )
        for sid, times in sids.items():
            if times > 1:
                yield Difference("wrong", f"sid {sid}", f"{times} times", arn, "one policy")


def _wiring(deployed: Deployed, uses: Sequence[Use]) -> Iterator[Difference]:
    """Resources of Personalize with another key, role or path than the construct allowed."""
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
                (_contains(place, to.get("Path")) and place.key == to.get("KmsKeyArn"))
                if place
                else not to
                for place in destinations
            )
        else:
            continue
        if not fits:
            why, of = "has another key, role or path", resource.place
            yield Difference("wrong", resource.type, why, of, str(properties))


def _places(uses: Sequence[Use], role: str, kind: str) -> Iterator[Place | None]:
    for use in uses:
        for chosen in use.chosen:
            if use.role == role and chosen.kind == kind:
                yield chosen.source or chosen.destination


def _contains(place: Place, path: str | None) -> bool:
    return path is not None and path.startswith(
        f"s3://{place.bucket.split(':::')[1]}/{place.prefix}"
    )
