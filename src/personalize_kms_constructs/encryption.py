"""The construct, as its users see it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

import jsii
from aws_cdk import CfnOutput, CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from constructs import Construct, IDependable, IValidation

from ._grant.door import Door
from ._grant.environments import personalize_arn_problems, service_role_problems
from ._grant.place import Place
from ._grant.principals import for_this_account
from ._grant.resolved import ResolvedKey
from ._grant.role import ServiceRole, resolved_role, role_made_in
from ._grant.role_name import fixed_role_name
from ._grant.targets import AddStatements
from ._grant.wiring import Wiring
from ._refusals import refuse, taken_out_if_refused
from ._refusals.arguments import (
    DATASET_GROUP,
    METRICS,
    SCHEMA,
    TAGS,
    TARGET,
    constructor_problems,
    has,
    is_role,
    is_sequence,
    type_problems,
)
from ._refusals.names import (
    DATASET_TYPES,
    DOMAINS,
    choice_problems,
    name_problems,
    role_name_problems,
)
from ._synth import AtSynth, Made
from ._tokens import in_words, is_token, is_yet_to_be_looked_up, l1_behind, literal_part
from .callers import caller_problems, grant_create
from .key_access import key_access_rule
from .locations import LOCATION, S3Location
from .matrix import SERVICE_PRINCIPAL
from .options import ImportedKeyPolicy, SourceAccountCheck
from .pending import PendingStatements, pending_output, pending_statements
from .resources import PersonalizeResource

if TYPE_CHECKING:
    from aws_cdk import aws_events as events
    from aws_cdk.aws_personalize import CfnMetricAttribution

    from ._refusals.arguments import AnyDatasetGroup, AnyKey, AnyRole

_L1 = TypeVar("_L1", bound=CfnResource)


@jsii.implements(iam.IGrantable)
class PersonalizeEncryption(Construct):
    """Lets Amazon Personalize work on data that is encrypted with KMS keys of your own.

    For the chosen resources it grants exactly what AWS documents, in the policies of every key, the
    service role and the buckets:
    https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        resources: Sequence[PersonalizeResource] = (),
        encryption_key: AnyKey | None = None,
        service_role: AnyRole | None = None,
        role_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        source_account_check: SourceAccountCheck = SourceAccountCheck.IF_PRESENT,
        imported_key_policy: ImportedKeyPolicy = ImportedKeyPolicy.PENDING,
        imported_key_policy_revision: str | None = None,
    ) -> None:
        """Make or take a key and a service role, and add the permissions.

        Args:
            scope: the parent construct.
            id: the construct's id. The ids of its children, the sids and their order are a
                contract.
            resources: what Personalize will create, which decides every statement. ``allow`` adds
                more.
            encryption_key: the key that the dataset groups specify, a symmetric encryption key in
                the Region of the
                stack: an L2, an L1, an imported one or a reference. By default one is made, with
                    yearly rotation.
            service_role: the role that Personalize assumes, in the same forms. A role of this app
                that doesn't trust Personalize fails the synth. By default one is made, which
                Personalize can assume only for resources of this account and Region
                (https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html).
            role_name: the name of the role that is made; it may contain tokens. By default a fixed
                name, made from the stack's name, the path within it and the Region. Before you
                rename the stack or move the construct, pass the current name, since a new name
                means a new role. If one template is deployed several times (StackSets, Service
                Catalog), pass a name that contains ``Aws.STACK_NAME``.
            removal_policy: what happens to the key that is made when it is removed from the stack.
                ``DESTROY`` makes all data that was encrypted with it unreadable, after KMS's
                waiting period. It also applies to the statements of ``ImportedKeyPolicy.MANAGED``,
                without which Personalize can't use what it encrypted.
            source_account_check: the condition on statements for the service principal in key and
                bucket policies.
            imported_key_policy: who adds the statements to the policy of an imported key: by
                default its owner, with ``MANAGED`` this stack.
            imported_key_policy_revision: any string, for ``MANAGED``. Change it to have the
                statements put back at the next deployment after somebody else has overwritten the
                key policy
                (https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html).

        Raises:
            ValueError: if Personalize can't work with the arguments; the message has all the
                reasons.
        """
        super().__init__(scope, id)
        with taken_out_if_refused(scope, id):
            here = Place.of(scope if isinstance(scope, Stack) else Stack.of(self))
            node = self.node
            path = node.path
            problems = [
                *constructor_problems(
                    resources,
                    encryption_key,
                    service_role,
                    role_name,
                    removal_policy,
                    source_account_check,
                    imported_key_policy,
                    imported_key_policy_revision,
                ),
                *role_name_problems(role_name),
            ]
            role = None
            if service_role is None and not problems:
                # The CDK refuses what stands for a name before the look-up, and with it the synth
                # that asks for it.
                name = None if is_yet_to_be_looked_up(role_name) else role_name
                role = self.__make_role(here, name or fixed_role_name(path, id, here))
            elif is_role(service_role):
                role = resolved_role(service_role, self, here)
                problems += service_role_problems(role)
            is_managed = imported_key_policy is ImportedKeyPolicy.MANAGED
            door = Door(here, role, manages_imported_keys=is_managed)
            problems += door.problems_of_key("encryption_key", encryption_key)
            problems += door.problems(resources if is_sequence(resources) else ())
            refuse(self, problems)

            self.__here = here
            self.__removal_policy = removal_policy
            self.__key_policy_revision = imported_key_policy_revision
            self.__made = Made()
            if encryption_key is None:
                key = self.__make_key()
            else:
                key = door.key(encryption_key)
                self.__key = self.__as_l2(encryption_key, key.arn)
            # All else has two underscores, so that subclasses may have members of any name; jobs
            # need this one.
            self._personalize_wiring = Wiring(
                self,
                path,
                here,
                cast("ServiceRole", role),
                key,
                door,
                source_account_check=source_account_check,
                manage=self.__manage if is_managed else None,
            )
            self._personalize_wiring.allow(resources)
            at_synth = AtSynth(self, here, self._personalize_wiring, self.__made)
            node.add_validation(cast("IValidation", at_synth))

    def __make_role(self, here: Place, name: str) -> ServiceRole:
        """Make a role that Personalize can assume only for resources of this account and Region.

        https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
        """
        personalize_here = iam.ServicePrincipal(
            SERVICE_PRINCIPAL, conditions=for_this_account(here)
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=cast("iam.IPrincipal", personalize_here),
            description="Lets Amazon Personalize use data and customer managed KMS keys",
            role_name=name,
        )
        return role_made_in(here.stack, role, here)

    def __make_key(self) -> ResolvedKey:
        key = kms.Key(
            self,
            "Key",
            description="Encrypts what Amazon Personalize stores",
            enable_key_rotation=True,
            removal_policy=self.__removal_policy,
        )
        self.__key = cast("kms.IKey", key)
        arn, here, l1 = key.key_arn, self.__here, cast("kms.CfnKey", key.node.default_child)
        if self.__removal_policy is not RemovalPolicy.DESTROY:
            self.__made.retained["the key"] = l1
        return ResolvedKey(arn, arn, here.stack, here.account, here.region, l1=l1, construct=key)

    def __as_l2(self, given: AnyKey, arn: str) -> kms.IKey:
        if isinstance(given, (kms.CfnKey, kms.CfnReplicaKey)) or not has(given, "key_arn"):
            return kms.Key.from_key_arn(self, "EncryptionKey", arn)
        return cast("kms.IKey", given)

    def __manage(self, key_arn: str) -> AddStatements:
        # Imported here since few stacks manage the policy of an imported key, and Lambda's module
        # is large.
        from ._managed_key_policy import ManagedKeyPolicy

        managed = ManagedKeyPolicy(
            self,
            key_arn=key_arn,
            removal_policy=self.__removal_policy,
            revision=self.__key_policy_revision,
        )
        resource = managed.resource
        if self.__removal_policy is not RemovalPolicy.DESTROY:
            self.__made.retained[f"the statements in the policy of key {key_arn}"] = resource
        self._personalize_wiring.wait_for(resource)
        if managed.lost_policy is not None:
            self._personalize_wiring.of_others.append(managed.lost_policy)
        return managed.add_statements

    @property
    def encryption_key(self) -> kms.IKey:
        """The key that the dataset groups specify."""
        return self.__key

    @property
    def service_role(self) -> iam.IRole:
        """The role that Personalize assumes: the ``roleArn`` of its resources and jobs."""
        return self._personalize_wiring.role.role

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The service role, for calls such as ``bucket.grant_read(encryption)``."""
        return self._personalize_wiring.role.role.grant_principal

    @property
    def permissions(self) -> IDependable:
        """Every policy that must exist before Personalize is called, including those added later.

        For L1s of your own: ``solution.node.add_dependency(encryption.permissions)``.
        """
        return self._personalize_wiring.permissions

    @property
    def pending_statements(self) -> tuple[PendingStatements, ...]:
        """Statements that could not be attached: for imported keys and buckets, and for immutable roles.

        A warning at synth shows the same, as JSON. Policies of the app that are expressions have
        theirs here too; the judge reports what those lack.
        """
        return pending_statements(self._personalize_wiring.policies)

    def output_pending_statements(self, id: str = "PendingStatements") -> CfnOutput:
        """Adds a stack output with the pending statements as JSON, as they are at the end of the synth.

        It is for owners who read outputs rather than warnings. CloudFormation fills in what the
        warning can only show as ``${…}``, the ARN of a role that the stack makes for example.

        Args:
            id: the id of the output in this construct.

        Raises:
            ValueError: if the stage was synthesized already.
        """
        refuse(self, self._personalize_wiring.late_resource_problems())
        return pending_output(self, id, lambda: self._personalize_wiring.policies)

    def allow(self, *resources: PersonalizeResource) -> None:
        """Allows more resources. The same resource twice changes nothing.

        Args:
            resources: what else Personalize will create.

        Raises:
            ValueError: if Personalize can't work with their locations; the message has all the
                reasons.

        https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
        """
        refuse(self, self._personalize_wiring.door.problems(resources))
        self._personalize_wiring.allow(resources)

    def add_dataset_group(
        self,
        id: str,
        *,
        name: str,
        domain: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> personalize.CfnDatasetGroup:
        """Adds a dataset group encrypted with the encryption key, and allows it.

        All its properties are create-only: changing one later means a new, empty group, or is
        refused.

        Args:
            id: the id of the dataset group in this construct.
            name: its name: 1 to 63 letters, digits, hyphens and underscores.
            domain: ``"ECOMMERCE"`` or ``"VIDEO_ON_DEMAND"``; by default a custom dataset group.
            tags: its tags, which can't be changed later. Tags of the app (``Tags.of(app).add(…)``)
                don't reach it, and a warning names them.

        Raises:
            ValueError: if Personalize doesn't accept the name, or if ``tags`` isn't a mapping.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-personalize-datasetgroup.html
        """
        problems = [
            *self._personalize_wiring.late_resource_problems(),
            *name_problems("name of the dataset group", name),
            *(() if domain is None else choice_problems("domain", domain, DOMAINS)),
            *type_problems(TAGS, optional=True, tags=tags),
        ]
        refuse(self, problems)
        key_arn, role_arn = (
            self._personalize_wiring.encryption_key.arn,
            self._personalize_wiring.role.arn,
        )
        # Key and role come together or not at all.
        resource = personalize.CfnDatasetGroup(
            self, id, name=name, domain=domain, kms_key_arn=key_arn, role_arn=role_arn
        )
        self.__set_tags(resource, tags)
        return self.__added(id, resource, [PersonalizeResource.dataset_group()])

    def add_dataset(
        self,
        id: str,
        *,
        dataset_group: AnyDatasetGroup,
        schema_arn: str,
        name: str,
        dataset_type: str,
        import_from: S3Location | None = None,
        import_job_name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> personalize.CfnDataset:
        """Adds a dataset and, with ``import_from``, the job that imports its first data, and allows that job.

        The deployment waits for the import.

        Args:
            id: the id of the dataset in this construct.
            dataset_group: the dataset group it belongs to, an L1 or an ARN. Its key is this
                construct's: with another one, whose policy doesn't allow the service role, the
                synth fails.
            schema_arn: the ARN of its schema.
            name: its name: 1 to 63 letters, digits, hyphens and underscores.
            dataset_type: ``"Interactions"``, ``"Items"``, ``"Users"``, ``"Actions"`` or
                ``"Action_Interactions"``.
            import_from: the CSV file, or folder of CSV files, to import first. For what is imported
                later, use ``jobs.DatasetImportJob``.
            import_job_name: the name of the import job, which no job has had before. By default it
                is made of the names of the dataset and its dataset group, the type and the prefix.
                A name of your own doesn't follow
                the prefix: to import another file, change both.
            tags: its tags, which can't be changed later, as for ``add_dataset_group``. The import
                job has none.

        Raises:
            ValueError: if Personalize can't work with a name or the location, or if ``tags`` isn't
                a mapping; the message has all the reasons.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-personalize-dataset.html
        """
        problems = [
            *self._personalize_wiring.late_resource_problems(),
            *name_problems("name of the dataset", name),
            *type_problems(DATASET_GROUP, dataset_group=dataset_group),
            *personalize_arn_problems("dataset_group", dataset_group, self.__here),
            *type_problems(SCHEMA, schema_arn=schema_arn),
            *personalize_arn_problems("schema_arn", schema_arn, self.__here),
            *choice_problems("dataset_type", dataset_type, DATASET_TYPES),
            *type_problems(TAGS, optional=True, tags=tags),
            *type_problems(LOCATION, optional=True, import_from=import_from),
        ]
        jobs: list[PersonalizeResource] = []
        if import_from is not None:
            if import_job_name:
                problems += name_problems("import_job_name", import_job_name)
            if isinstance(import_from, S3Location):
                jobs.append(PersonalizeResource.dataset_import_job(import_from))
        elif import_job_name is not None:
            problems.append(
                f"import_job_name is {import_job_name!r} but there is nothing to import: set "
                "import_from"
            )
        refuse(self, [*problems, *self._personalize_wiring.door.problems(jobs)])
        import_job = None
        if import_from is not None:
            if not import_job_name:
                self.__made.imported.append(import_from)
            import_job = personalize.CfnDataset.DatasetImportJobProperty(
                job_name=import_job_name
                or _import_job_name(name, dataset_type, dataset_group, import_from, self.__here),
                data_source={"DataLocation": import_from.uri},
                role_arn=self._personalize_wiring.role.arn,
            )
        dataset = personalize.CfnDataset(
            self,
            id,
            dataset_group_arn=_arn_of(dataset_group),
            schema_arn=schema_arn,
            name=name,
            dataset_type=dataset_type,
            dataset_import_job=import_job,
        )
        self.__set_tags(dataset, tags)
        return self.__added(id, dataset, jobs)

    def add_metric_attribution(
        self,
        id: str,
        *,
        dataset_group: AnyDatasetGroup,
        name: str,
        metrics: Sequence[CfnMetricAttribution.MetricAttributeProperty],
        destination: S3Location | None = None,
    ) -> CfnMetricAttribution:
        """Adds a metric attribution, and allows it.

        Args:
            id: the id of the metric attribution in this construct.
            dataset_group: the dataset group it reports on, an L1 or an ARN; it can have one metric
                attribution. Its key is this construct's, as in ``add_dataset``.
            name: its name: 1 to 63 letters, digits, hyphens and underscores.
            metrics: at most ten metrics.
            destination: the folder for reports on bulk data; without one, it publishes only to
                CloudWatch.

        Raises:
            ValueError: if Personalize can't work with the name or the location; the message has all
                the reasons.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-personalize-metricattribution.html
        """
        problems = [
            *self._personalize_wiring.late_resource_problems(),
            *name_problems("name of the metric attribution", name),
            *type_problems(DATASET_GROUP, dataset_group=dataset_group),
            *personalize_arn_problems("dataset_group", dataset_group, self.__here),
            *type_problems(METRICS, metrics=metrics),
            *type_problems(LOCATION, optional=True, destination=destination),
        ]
        is_location = destination is None or isinstance(destination, S3Location)
        resources = [PersonalizeResource.metric_attribution(destination)] if is_location else []
        refuse(self, [*problems, *self._personalize_wiring.door.problems(resources)])
        l1, to_s3 = personalize.CfnMetricAttribution, None
        if destination is not None:
            key = self._personalize_wiring.door.location(destination).key
            to_s3 = l1.S3DataDestinationProperty(
                path=destination.uri, kms_key_arn=None if key is None else key.arn
            )
        output = l1.MetricsOutputConfigProperty(
            role_arn=self._personalize_wiring.role.arn, s3_data_destination=to_s3
        )
        metric_attribution = l1(
            self,
            id,
            dataset_group_arn=_arn_of(dataset_group),
            name=name,
            metrics=metrics,
            metrics_output_config=output,
        )
        return self.__added(id, metric_attribution, resources)

    def __set_tags(self, resource: CfnResource, tags: Mapping[str, str] | None) -> None:
        """Set the tags of a resource, sorted as the CDK does, and let no others reach it.

        ``Tags.of(app).add(…)`` reaches dataset groups and datasets, whose tags are create-only: a
        tag that somebody adds to the app later would make CloudFormation refuse the update, or
        replace the dataset group by a new, empty one.
        """
        self.__made.tagged.append((resource, tags or {}))
        if tags:
            resource.add_property_override(
                "Tags", [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
            )
        else:
            resource.add_property_deletion_override("Tags")

    def __added(self, id: str, resource: _L1, resources: Sequence[PersonalizeResource]) -> _L1:
        """Allow what a resource that was made needs, and make it wait; take it out again if that is refused."""
        with taken_out_if_refused(self, id):
            self._personalize_wiring.allow(resources)
        resource.node.add_dependency(self._personalize_wiring.permissions)
        return resource

    def grant_create(
        self,
        grantee: iam.IGrantable,
        *resources: PersonalizeResource,
        on: Sequence[str] | None = None,
    ) -> iam.Grant:
        """Allows a caller of Personalize's API to create these resources with the service role.

        The caller may create, describe and tag resources of these kinds, and pass the service role
        to Personalize.

        Args:
            grantee: the caller, a Lambda function or a CI role for example.
            resources: what the caller will create, one at least; their locations don't matter.
            on: the ARNs of the datasets, dataset groups or solutions that it may create them on. By
                default all in the account and Region.

        Raises:
            ValueError: if an argument is not a grantee or not a resource, if there is no resource,
                if ``on`` can't narrow one of them, or if the grantee belongs to another account,
                from which no role can be passed.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
        """
        role = self._personalize_wiring.role
        refuse(
            self,
            [
                *caller_problems(grantee, resources, on, role),
                *self._personalize_wiring.late_problems(),
            ],
        )
        # The principal of a policy is no construct.
        principal = grantee.grant_principal
        caller = Stack.of(cast("Construct", principal if has(principal, "node") else grantee))
        # Written out for a caller of another stack, which this one may need.
        role_arn = role.arn if caller is role.stack else role.arn_elsewhere(caller)
        return grant_create(self, grantee, role_arn, resources, on)

    def on_key_access_changed(
        self,
        id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
        rule_name: str | None = None,
    ) -> events.Rule:
        """Adds an EventBridge rule for calls that could revoke access to a key in use.

        Those are the encryption key and the keys of locations, what is allowed later included.
        Revoked permissions break filters and recommendations of existing resources. The rule
        matches a key being disabled or scheduled for deletion, a new key policy (this stack's own
        updates too), and a grant being revoked or retired. EventBridge learns of these calls from
        CloudTrail: the account needs a trail that logs management events.

        Args:
            id: the id of the rule in this construct.
            target: what is invoked; ``rule.add_target`` adds more.
            description: the rule's description.
            rule_name: the rule's name. By default CloudFormation chooses one.

        Raises:
            ValueError: if the target is not a rule target.

        https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
        """
        problems = [
            *self._personalize_wiring.late_resource_problems(),
            *type_problems(TARGET, optional=True, target=target),
        ]
        refuse(self, problems)
        self.__made.rules.append(id)
        return key_access_rule(
            self,
            id,
            lambda: [each.arn for each in self._personalize_wiring.keys],
            target=target,
            description=description,
            rule_name=rule_name,
        )


def _import_job_name(
    dataset: str, kind: str, group: AnyDatasetGroup, source: S3Location, here: Place
) -> str:
    """Return a name that no other import job has, and that follows the prefix, since no name can be used again.

    The bucket has no part in it: one bucket has a name, a parameter or a logical id, and a new name
    is a new import.
    """
    l1 = l1_behind(group, personalize.CfnDatasetGroup) if isinstance(group, str) else group
    of_group = in_words(cast("str", group).rpartition("/")[2] if l1 is None else l1.name)
    if "${…}" in of_group or "${AWS::Stack" in of_group:
        # The same words are another name in another stack.
        of_group = f"{here.stack.node.path}/{of_group}"
    text = literal_part("\n".join([of_group, dataset, kind, source.prefix]))
    suffix = f"-import-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    # A token can't be cut.
    return f"{dataset if is_token(dataset) else dataset[: 63 - len(suffix)]}{suffix}"


def _arn_of(dataset_group: AnyDatasetGroup) -> str:
    # ``ref`` is the ARN or the name, depending on whom one asks.
    return dataset_group if isinstance(dataset_group, str) else dataset_group.attr_dataset_group_arn
