"""The construct, as its users see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import jsii
from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from constructs import Construct, IDependable

from . import _l1s
from ._argument_types import (
    argument_problems,
    dataset_group_type_problems,
    metrics_type_problems,
    tags_type_problems,
    target_type_problems,
)
from ._checks import name_problems
from ._metadata import leave_resources
from ._refusal import refuse
from ._wiring import Wiring
from .callers import caller_problems, grant_create
from .key_access import key_access_rule
from .locations import S3Location
from .options import ImportedKeyPolicy
from .pending import PendingStatements, pending_output, pending_statements
from .resources import PersonalizeResource
from .service_role import ServiceRole

if TYPE_CHECKING:
    from aws_cdk import aws_events as events
    from aws_cdk.aws_personalize import CfnMetricAttribution


@jsii.implements(iam.IGrantable)
class PersonalizeEncryption(Construct):
    """Lets Amazon Personalize work on data that is encrypted with KMS keys of your own.

    For the resources chosen it wires exactly what AWS documents, on every key, on the service role and on the
    buckets: https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        resources: Sequence[PersonalizeResource] = (),
        encryption_key: kms.IKey | kms.Key | None = None,
        service_role: iam.IRole | iam.Role | None = None,
        role_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        restrict_to_account: bool = False,
        imported_key_policy: ImportedKeyPolicy = ImportedKeyPolicy.PENDING,
    ) -> None:
        """Creates or takes a key and a service role, and wires the permissions.

        Args:
            scope: the parent construct.
            id: the construct's id. The ids of its children, the sids and their order are a contract.
            resources: what Personalize will be asked to create; decides every statement. ``allow`` adds to them.
            encryption_key: the key that the dataset groups specify, a symmetric encryption key in the Region of the
                stack. By default one is made, with yearly rotation.
            service_role: the role that Personalize assumes; one of this app that doesn't trust Personalize fails the
                synth. By default one is made, which Personalize can assume for resources of this account and Region
                alone
                (https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html).
            role_name: a fixed name for the role made here. By default CloudFormation chooses one.
            removal_policy: what happens to the key made here when it leaves the stack. ``DESTROY`` makes all data
                unreadable that was encrypted with it, after KMS's waiting period. The same for the statements of
                ``ImportedKeyPolicy.MANAGED``, without which Personalize can't use what it encrypted.
            restrict_to_account: adds ``aws:SourceAccount`` and ``aws:SourceArn`` conditions to the statements for
                the service principal in key and bucket policies. AWS recommends these keys in resource policies but
                does not document whether Personalize sends them on its KMS and S3 calls; if it doesn't, every call
                of the service is denied. Try it with your resources before you rely on it.
            imported_key_policy: who adds the statements to the policy of an imported key: by default its owner, with
                ``MANAGED`` this stack.

        Raises:
            ValueError: if Personalize can't work with what was given; the message has all the reasons.
        """
        super().__init__(scope, id)
        refuse(self, argument_problems(resources, encryption_key, service_role, imported_key_policy))
        stack = scope if isinstance(scope, Stack) else Stack.of(self)
        account = stack.account
        any_arn = f"arn:{stack.partition}:personalize:{stack.region}:{account}:*"
        # Calls of the service on behalf of resources of this account and Region.
        for_this_account = {"StringEquals": {"aws:SourceAccount": account}, "ArnLike": {"aws:SourceArn": any_arn}}
        self._encryption_key = cast(
            "kms.IKey",
            encryption_key or kms.Key(self, "Key", enable_key_rotation=True, removal_policy=removal_policy),
        )
        self._role = ServiceRole(self, stack, service_role, role_name=role_name, trust_condition=for_this_account)
        manages_imported_keys = imported_key_policy is ImportedKeyPolicy.MANAGED
        self._wiring = Wiring(
            self,
            stack,
            encryption_key=self._encryption_key,
            encryption_key_made_here=encryption_key is None,
            service_role=self._role,
            service_condition=for_this_account if restrict_to_account else None,
            manage_imported_keys=manages_imported_keys,
            removal_policy=removal_policy,
        )
        problems: list[str] = []
        if encryption_key is not None:
            problems += self._wiring.key_problems("encryption_key", self._encryption_key)
            if removal_policy is not RemovalPolicy.RETAIN and not manages_imported_keys:
                problems.append("removal_policy is for the key made here, but encryption_key is given: leave one out")
        problems += self._role.problems()
        if service_role is not None and role_name is not None:
            problems.append("role_name is for the role made here, but service_role is given: leave one out")
        refuse(self, [*problems, *self._wiring.problems(resources)])
        self._wiring.allow(resources)
        leave_resources(
            self,
            resources=lambda: self._wiring.allowed,
            encryption_key_arn=self._wiring.encryption_key_arn,
            service_role_arn=self._role.arn,
        )

    @property
    def encryption_key(self) -> kms.IKey:
        """The key that the dataset groups specify."""
        return self._encryption_key

    @property
    def service_role(self) -> iam.IRole:
        """The role that Personalize assumes: the ``roleArn`` of its resources and jobs."""
        return self._role.role

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The service role, so that ``bucket.grant_read(encryption)`` works."""
        return self._role.role.grant_principal

    @property
    def permissions(self) -> IDependable:
        """Every policy that must exist before Personalize is called, later ones too.

        For L1s of your own: ``solution.node.add_dependency(encryption.permissions)``.
        """
        return self._wiring.permissions.group

    @property
    def pending_statements(self) -> tuple[PendingStatements, ...]:
        """What could not be attached: the policies of imported keys and buckets, and of immutable roles.

        A warning at synth says the same, with the statements as JSON.
        """
        return pending_statements(self._wiring.policies)

    def output_pending_statements(self, id: str = "PendingStatements") -> CfnOutput:
        """Adds a stack output with the pending statements as JSON, as they are at the end of the synth.

        It is for owners who read outputs rather than warnings. CloudFormation fills in what the warning can only show
        as ``${…}``, the ARN of a role that the stack makes for example.

        Args:
            id: the id of the output in this construct.
        """
        return pending_output(self, id, lambda: self._wiring.policies)

    def allow(self, *resources: PersonalizeResource) -> None:
        """Allows more resources. The same resource twice changes nothing.

        Args:
            resources: what Personalize will be asked to create besides.

        Raises:
            ValueError: if Personalize can't work with their locations; the message has all the reasons.

        https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
        """
        refuse(self, self._wiring.problems(resources))
        self._wiring.allow(resources)

    def add_dataset_group(
        self, id: str, *, name: str, domain: str | None = None, tags: Mapping[str, str] | None = None
    ) -> personalize.CfnDatasetGroup:
        """Adds a dataset group encrypted with the encryption key, and allows it.

        All its properties are create-only: changing one later means a new, empty group, or is refused.

        Args:
            id: the id of the dataset group in this construct.
            name: its name: 1 to 63 letters, digits, hyphens and underscores.
            domain: ``"ECOMMERCE"`` or ``"VIDEO_ON_DEMAND"``; by default a custom dataset group.
            tags: its tags, for good. Tags of the app (``Tags.of(app).add(…)``) don't reach it.

        Raises:
            ValueError: if the name is none that Personalize takes, or tags are no mapping.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-personalize-datasetgroup.html
        """
        refuse(self, [*name_problems("name of the dataset group", name), *tags_type_problems(tags)])
        self._wiring.allow([PersonalizeResource.dataset_group()])
        dataset_group = _l1s.dataset_group(
            self,
            id,
            name=name,
            domain=domain,
            tags=tags,
            kms_key_arn=self._wiring.encryption_key_arn,
            role_arn=self._role.arn,
        )
        self._wiring.permissions.hold(dataset_group)
        return dataset_group

    def add_dataset(
        self,
        id: str,
        *,
        dataset_group: personalize.CfnDatasetGroup,
        schema_arn: str,
        name: str,
        dataset_type: str,
        import_from: S3Location | None = None,
        import_job_name: str | None = None,
    ) -> personalize.CfnDataset:
        """Adds a dataset and, with ``import_from``, the job that imports its first data, and allows that job.

        The deployment waits for the import.

        Args:
            id: the id of the dataset in this construct.
            dataset_group: the dataset group it belongs to.
            schema_arn: the ARN of its schema.
            name: its name: 1 to 63 letters, digits, hyphens and underscores.
            dataset_type: ``"Interactions"``, ``"Items"``, ``"Users"``, ``"Actions"`` or ``"Action_Interactions"``.
            import_from: the CSV file, or folder of CSV files, to import.
            import_job_name: the name of the import job. By default the name of the dataset and ``-import``.

        Raises:
            ValueError: if Personalize can't work with a name or the location; the message has all the reasons.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-personalize-dataset.html
        """
        problems = [*name_problems("name of the dataset", name), *dataset_group_type_problems(dataset_group)]
        jobs: list[PersonalizeResource] = []
        if import_from is not None:
            if import_job_name:
                problems += name_problems("import_job_name", import_job_name)
            jobs.append(PersonalizeResource.dataset_import_job(import_from))
        elif import_job_name is not None:
            problems.append(f"import_job_name is {import_job_name!r} but there is nothing to import: give import_from")
        refuse(self, [*problems, *self._wiring.problems(jobs)])
        if import_from is not None and not import_job_name:
            import_job_name = f"{name[: 63 - len('-import')]}-import"
        self._wiring.allow(jobs)
        dataset = _l1s.dataset(
            self,
            id,
            dataset_group=dataset_group,
            schema_arn=schema_arn,
            name=name,
            dataset_type=dataset_type,
            import_from=import_from,
            import_job_name=import_job_name,
            role_arn=self._role.arn,
        )
        self._wiring.permissions.hold(dataset)
        return dataset

    def add_metric_attribution(
        self,
        id: str,
        *,
        dataset_group: personalize.CfnDatasetGroup,
        name: str,
        metrics: Sequence[CfnMetricAttribution.MetricAttributeProperty],
        destination: S3Location | None = None,
    ) -> CfnMetricAttribution:
        """Adds a metric attribution, and allows it. Needs aws-cdk-lib 2.268.0.

        Args:
            id: the id of the metric attribution in this construct.
            dataset_group: the dataset group it reports on; it can have one metric attribution.
            name: its name: 1 to 63 letters, digits, hyphens and underscores.
            metrics: at most ten metrics.
            destination: the folder for reports on bulk data; without one, it publishes to CloudWatch alone.

        Raises:
            ValueError: if Personalize can't work with the name or the location, or aws-cdk-lib is too old; the
                message has all the reasons.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-personalize-metricattribution.html
        """
        resource = PersonalizeResource.metric_attribution(destination)
        problems = [
            *name_problems("name of the metric attribution", name),
            *dataset_group_type_problems(dataset_group),
            *metrics_type_problems(metrics),
            *_l1s.metric_attribution_problems(),
        ]
        refuse(self, [*problems, *self._wiring.problems([resource])])
        self._wiring.allow([resource])
        key_arn = self._wiring.key_arn(destination) if destination is not None else None
        metric_attribution = _l1s.metric_attribution(
            self,
            id,
            dataset_group=dataset_group,
            name=name,
            metrics=metrics,
            destination=destination,
            destination_key_arn=key_arn,
            role_arn=self._role.arn,
        )
        self._wiring.permissions.hold(metric_attribution)
        return metric_attribution

    def grant_create(self, grantee: iam.IGrantable, *resources: PersonalizeResource) -> iam.Grant:
        """Allows a caller of Personalize's API to create these resources with the service role.

        The caller may create, describe and tag resources of these kinds, and pass the service role to Personalize.

        Args:
            grantee: the caller, a Lambda function or a CI role for example.
            resources: what the caller will create; their locations have no say.

        Raises:
            ValueError: if something is no caller or no resource.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
        """
        refuse(self, caller_problems(grantee, resources))
        return grant_create(Stack.of(self), grantee, self._role.arn, resources)

    def on_key_access_changed(
        self,
        id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
        rule_name: str | None = None,
    ) -> events.Rule:
        """Adds a rule for what could revoke access to the encryption key.

        Revoked permissions break filters and recommendations of what exists already. The rule matches the key being
        disabled or scheduled for deletion, a new key policy (this stack's own updates too), and a grant being revoked
        or retired. EventBridge learns of these calls from CloudTrail: the account needs a trail that logs management
        events.

        Args:
            id: the id of the rule in this construct.
            target: what is invoked; ``rule.add_target`` adds more.
            description: the rule's description.
            rule_name: the rule's name. By default CloudFormation chooses one.

        Raises:
            ValueError: if the target is none.

        https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
        """
        refuse(self, target_type_problems(target))
        return key_access_rule(
            self,
            id,
            self._wiring.encryption_key_arn,
            target=target,
            description=description,
            rule_name=rule_name,
        )
