"""Builders of arrangements, which keep apart the construct's arguments and its results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from constructs import Construct

from personalize_kms_constructs import (
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
    SourceAccountCheck,
)
from tests.proof.assembly import Assembly
from tests.proof.model import Bucket, Deployed, Environment, Key, Role
from tests.proof.needs import IF_PRESENT, NONE, REQUIRED, Use
from tests.proof.page import PAGE, reads, writes
from tests.proof.uses import Pick, Wired, use_of

KINDS = tuple(PAGE)
WITH_L1S = ("dataset group", "dataset import job", "metric attribution")
OTHER_ACCOUNT = "444455556666"
CHECKS = {
    SourceAccountCheck.IF_PRESENT: IF_PRESENT,
    SourceAccountCheck.REQUIRED: REQUIRED,
    SourceAccountCheck.NONE: NONE,
}

AnyBucket = s3.IBucket | s3.CfnBucket


@dataclass
class Building:
    """An arrangement under construction."""

    scope: cdk.Stage
    here: Environment
    """Where its stacks are deployed."""
    concrete: bool
    """True if the stacks say so themselves."""
    kinds: Sequence[str]
    """The resources that Personalize is asked to create."""
    outside: Deployed = field(default_factory=Deployed)
    stacks: list[cdk.Stack] = field(default_factory=list)
    wired: list[Wired] = field(default_factory=list)

    def stack(
        self, id: str, *, scope: Construct | None = None, account: str | None = None
    ) -> cdk.Stack:
        """A stack of the app in this account or, if it is concrete, in another."""
        env = cdk.Environment(account=account or self.here.account, region=self.here.region)
        made = cdk.Stack(scope or self.scope, id, env=env if self.concrete else None)
        self.stacks.append(made)
        return made

    @cached_property
    def main(self) -> cdk.Stack:
        """The stack that the construct is in, if nothing else is said."""
        return self.stack("Main")

    def nested(self, scope: Construct, id: str) -> cdk.NestedStack:
        """A nested stack."""
        made = cdk.NestedStack(scope, id)
        self.stacks.append(made)
        return made

    def picks(
        self, input: AnyBucket, output: AnyBucket | None = None, **locations: Any
    ) -> list[Pick]:
        """Return the resources that are asked for, each in folders of its own."""
        output = output or input

        def source(prefix: str) -> S3Location:
            return S3Location(input, prefix, **locations)

        def destination(prefix: str) -> S3Location:
            return S3Location(output, prefix, **locations)

        return [
            (
                kind,
                source(f"{kind.replace(' ', '-')}/in/") if reads(kind) else None,
                destination(f"{kind.replace(' ', '-')}/out/") if writes(kind) else None,
            )
            for kind in self.kinds
        ]

    def wire(
        self,
        scope: Construct | None = None,
        picks: list[Pick] | None = None,
        *,
        id: str = "Encryption",
        later: Sequence[Pick] = (),
        **props: Any,
    ) -> PersonalizeEncryption:
        """The construct, asked for this; where these are among it, their L1s are made as well.

        By default it is asked for all resources, in an encrypted bucket beside it.
        """
        scope = scope or self.main
        picks = self.picks(encrypted_bucket(cdk.Stack.of(scope))) if picks is None else picks
        encryption = PersonalizeEncryption(
            scope, id, resources=[resource(pick) for pick in picks], **props
        )
        if later:
            encryption.allow(*[resource(pick) for pick in later])
        asked = [*picks, *later]
        check = CHECKS[props.get("source_account_check", SourceAccountCheck.IF_PRESENT)]
        key = props.get("encryption_key", encryption.encryption_key)
        role = props.get("service_role", encryption.service_role)
        self.wired.append(Wired(encryption, asked, check, "service_role" not in props, key, role))
        kinds = [kind for kind, *_ in asked]
        if all(kinds.count(kind) == 1 for kind in WITH_L1S):
            self._add_l1s(encryption, id.lower(), asked)
        return encryption

    def arn(
        self, service: str, path: str, *, account: str | None = None, region: bool = True
    ) -> str:
        """The ARN of something that exists already."""
        in_region = self.here.region if region else ""
        in_account = self.here.account if account is None else account
        return f"arn:{self.here.partition}:{service}:{in_region}:{in_account}:{path}"

    def imported_key(self, *, account: str | None = None, id: str = "1234abcd") -> kms.IKey:
        """A key outside of the app, with the policy that AWS gives keys by default."""
        arn = self.arn("kms", f"key/{id}-12ab-34cd-56ef-1234567890ab", account=account)
        root = self.arn("iam", "root", account=account or self.here.account, region=False)
        principal = {"AWS": root}
        default = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
        self.outside.keys[arn] = Key(arn, {"Version": "2012-10-17", "Statement": [default]})
        return kms.Key.from_key_arn(self.main, f"ImportedKey{id}", arn)

    def imported_role(self, path: str = "/", **options: Any) -> iam.IRole:
        """A role outside of the app, which Personalize can assume."""
        return iam.Role.from_role_arn(
            self.main, "ImportedRole", self._existing_role(path), **options
        )

    def role_imported_by_name(self) -> iam.IRole:
        """The same role, of which the app knows no ARN."""
        return iam.Role.from_role_name(
            self.main, "ImportedRole", self._existing_role("/").rpartition("/")[2]
        )

    def imported_bucket(
        self, *, account: str | None = None, encryption_key: kms.IKey | None = None
    ) -> s3.IBucket:
        """A bucket outside of the app."""
        arn = self.arn("s3", "ratings", account="", region=False)
        self.outside.buckets[arn] = Bucket(arn, account or self.here.account)
        return s3.Bucket.from_bucket_attributes(
            self.main,
            "ImportedBucket",
            bucket_arn=arn,
            account=account,
            encryption_key=encryption_key,
        )

    def _existing_role(self, path: str) -> str:
        arn = self.arn("iam", f"role{path}personalize", region=False)
        trusted = {"Service": "personalize.amazonaws.com"}
        trust = {
            "Statement": [{"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}]
        }
        self.outside.roles[arn] = Role(arn, trust)
        return arn

    def finish(self, directory: Path) -> tuple[Deployed, list[Use], Assembly]:
        """Return the deployment with pending statements pasted, and the resources asked for."""
        assembly = Assembly.read(directory, self.here)
        deployed = assembly.deployed(self.outside)
        for wired in self.wired:
            stack = cdk.Stack.of(wired.encryption)
            for pending in wired.encryption.pending_statements:
                expressions = stack.resolve(
                    [statement.to_statement_json() for statement in pending.statements]
                )
                arn = assembly.value(stack.template_file, stack.resolve(pending.resource_arn))
                statements = assembly.value(stack.template_file, expressions)
                if arn in deployed.buckets and not self.concrete:
                    # Of which account the bucket is wasn't known: in one account, its owner leaves
                    # out the role.
                    own = deployed.buckets[arn].account
                    statements = [
                        statement
                        for statement in statements
                        if f"::{own}:root" not in str(statement["Principal"])
                    ]
                deployed.paste(pending.policy, arn, statements)
        return (
            deployed,
            [use_of(wired, assembly, deployed, self.here) for wired in self.wired],
            assembly,
        )

    def _add_l1s(self, encryption: PersonalizeEncryption, name: str, picks: list[Pick]) -> None:
        group = encryption.add_dataset_group("Movies", name=encryption.node.path.replace("/", "-"))
        for kind, source, destination in picks:
            if kind == "dataset import job":
                schema = self.arn("personalize", "schema/interactions")
                encryption.add_dataset(
                    "Interactions",
                    dataset_group=group,
                    schema_arn=schema,
                    name=f"{name}-interactions",
                    dataset_type="Interactions",
                    import_from=source,
                )
            elif kind == "metric attribution":
                clicks = personalize.CfnMetricAttribution.MetricAttributeProperty(
                    metric_name="CLICKS", event_type="click", expression="SAMPLECOUNT()"
                )
                encryption.add_metric_attribution(
                    "Metrics",
                    dataset_group=group,
                    name=f"{name}-metrics",
                    metrics=[clicks],
                    destination=destination,
                )


def resource(pick: Pick) -> PersonalizeResource:
    """Return the resource that the construct is asked for, by the name on AWS's page."""
    kind, source, destination = pick
    locations = {
        name: given
        for name, given in (("source", source), ("destination", destination))
        if given is not None
    }
    made: PersonalizeResource = getattr(PersonalizeResource, kind.replace(" ", "_"))(**locations)
    return made


def key_in(stack: cdk.Stack) -> kms.Key:
    """A key for dataset groups."""
    return kms.Key(stack, "Key")


def encrypted_bucket(stack: cdk.Stack, key: kms.IKey | None = None) -> s3.Bucket:
    """A bucket with this key, or with a key of its own."""
    return s3.Bucket(stack, "Data", encryption_key=key or kms.Key(stack, "DataKey"))


def personalize_role(stack: cdk.Stack, **props: Any) -> iam.Role:
    """A role of the user's that Personalize can assume."""
    trusted = iam.ServicePrincipal("personalize.amazonaws.com")
    return iam.Role(stack, "ServiceRole", assumed_by=trusted, **props)


Arrangement = Callable[[Building], object]
"""A function that builds one."""
