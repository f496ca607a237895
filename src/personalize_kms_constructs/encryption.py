"""The construct ``PersonalizeEncryption``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

import jsii
from aws_cdk import CfnOutput, CfnResource, RemovalPolicy, Resource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from constructs import Construct, IConstruct, IDependable, IValidation

from personalize_kms_check.matrix import SERVICE_PRINCIPAL

from ._grant.door import Door
from ._grant.environments import personalize_arn_problems, service_role_problems
from ._grant.place import Place
from ._grant.principals import for_this_account
from ._grant.resolved import ResolvedKey
from ._grant.role import ServiceRole, resolve_role, role_made_in
from ._grant.role_name import own_role_name
from ._grant.targets import AddStatements
from ._grant.wiring import Permissions, Wiring
from ._refusals import refuse, taken_out_if_refused
from ._refusals.arguments import (
    DATASET_GROUP,
    IMPORTED_KEY_POLICY,
    KEY,
    METRICS,
    REMOVAL_POLICY,
    RESOURCES,
    ROLE,
    SCHEMA,
    SOURCE_ACCOUNT_CHECK,
    TAGS,
    TARGET,
    has,
    is_role,
    is_sequence,
    revision_problems,
    type_problems,
)
from ._refusals.names import (
    DATASET_TYPES,
    DOMAINS,
    DatasetType,
    Domain,
    choice_problems,
    name_problems,
    role_name_problems,
)
from ._synth import AtSynth, Inventory
from ._tokens import is_token, l1_behind, literal_part, to_hash
from .callers import caller_problems, caller_statements, grant_statements, takes_no_statements
from .key_access import key_access_rule
from .locations import LOCATION, S3Location
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
    """Lets Amazon Personalize use data encrypted with your own KMS keys.

    For the resources you choose, it grants exactly the access AWS documents, in the policies of all
    keys, of the service role and of the buckets:
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
        """Create a key and a service role, or use yours, and add the permissions.

        Args:
            scope: the parent construct.
            id: the construct's id. The ids of its children, the sids and their order stay the same
                between versions.
            resources: the resources you will create in Personalize. They decide every
                statement; ``allow`` adds more.
            encryption_key: the key of your dataset groups, a symmetric encryption key in the
                stack's Region: an L2, an L1, an imported key or a reference. By default the
                construct makes a key with yearly rotation.
            service_role: the role that Personalize assumes, in the same forms. The synth fails if a
                role of this app doesn't trust Personalize. By default the construct makes a role.
                Personalize can assume it only for resources of this account and Region
                (https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html).
            role_name: the name of the role made here, tokens included. By default it is fixed, made
                from the stack's name, the path within it and the Region. A new name means a new
                role, so pass the current name before you rename the stack or move the construct. If
                you deploy one template several times (StackSets, Service Catalog), pass a name with
                ``Aws.STACK_NAME`` in it.
            removal_policy: the policy for the key made here, for dataset groups and datasets, for
                the role and the policy made here for them, and for the statements of
                ``ImportedKeyPolicy.MANAGED``, when they leave the stack. ``DESTROY`` deletes the
                data; what is left is unreadable without key or statements.
            source_account_check: the condition on statements for the service principal in key and
                bucket policies.
            imported_key_policy: ``PENDING`` if the owner of an imported key adds the statements to
                its policy, ``MANAGED`` if this stack does.
            imported_key_policy_revision: any string, for ``MANAGED``. Change it after somebody else
                has overwritten the key policy: the next deployment puts the statements back
                (https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html).

        Raises:
            ValueError: if Personalize can't work with the arguments. The message has all the
                reasons.
        """
        super().__init__(scope, id)
        with taken_out_if_refused(scope, id):
            here = Place.of(scope if isinstance(scope, Stack) else Stack.of(self))
            node = self.node
            problems = [
                *type_problems(KEY, optional=True, encryption_key=encryption_key),
                *type_problems(ROLE, optional=True, service_role=service_role),
                *type_problems(RESOURCES, resources=resources),
                *type_problems(REMOVAL_POLICY, removal_policy=removal_policy),
                *type_problems(SOURCE_ACCOUNT_CHECK, source_account_check=source_account_check),
                *type_problems(IMPORTED_KEY_POLICY, imported_key_policy=imported_key_policy),
                *role_name_problems(role_name, service_role),
                *revision_problems(imported_key_policy, imported_key_policy_revision),
            ]
            role = None
            if service_role is None and not problems:
                role = self.__make_role(here, own_role_name(role_name, node.path, id, here))
            elif is_role(service_role):
                role = resolve_role(service_role, self, here)
                problems += service_role_problems(role)
            is_managed = imported_key_policy is ImportedKeyPolicy.MANAGED
            door = Door(here, role, manages_imported_keys=is_managed)
            problems += door.problems_of_key("encryption_key", encryption_key)
            if is_sequence(resources):
                problems += door.problems(resources)
            refuse(self, problems)

            self.__here = here
            if removal_policy is RemovalPolicy.RETAIN:
                # Nobody can use what is left of a failed creation.
                removal_policy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            self.__removal_policy = removal_policy
            self.__keeps_role = service_role is None and removal_policy is not RemovalPolicy.DESTROY
            self.__key_policy_revision = imported_key_policy_revision
            self.__inventory = Inventory()
            if encryption_key is None:
                key = self.__make_key()
            else:
                key = door.key(encryption_key)
                self.__key = self.__as_l2(encryption_key, key.arn)
            # Jobs need this member. All others have two underscores, so subclasses may have members
            # of any name.
            manage = self.__manage if is_managed else None
            self._personalize_wiring = Wiring(self, door, key, source_account_check, manage)
            self._personalize_wiring.allow(resources)
            at_synth = AtSynth(self, node, here, self._personalize_wiring, self.__inventory)
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
        self.__retain("Key")
        return ResolvedKey(arn, arn, here.stack, here.account, here.region, l1=l1, construct=key)

    def __as_l2(self, key: AnyKey, arn: str) -> kms.IKey:
        if isinstance(key, (kms.CfnKey, kms.CfnReplicaKey)) or not has(key, "key_arn"):
            return kms.Key.from_key_arn(self, "EncryptionKey", arn)
        return cast("kms.IKey", key)

    def __manage(self, key_arn: str) -> AddStatements:
        # Saves time: few stacks manage the policy of an imported key, and Lambda's module is large.
        from ._managed_key_policy import ManagedKeyPolicy

        managed = ManagedKeyPolicy(
            self,
            key_arn=key_arn,
            removal_policy=self.__removal_policy,
            revision=self.__key_policy_revision,
        )
        self.__retain(managed.node.id)
        self._personalize_wiring.wait_for(cast("IConstruct", managed.resource))
        return managed.add_statements

    def __keep(self, id: str, resource: CfnResource | Resource) -> None:
        """Let a resource outlive its stack, unless everything is to go with it."""
        resource.apply_removal_policy(self.__removal_policy)
        self.__retain(id)

    def __retain(self, id: str) -> None:
        """Have the judge report a resource of the construct that something else deletes."""
        if self.__removal_policy is not RemovalPolicy.DESTROY:
            # In paths, the CDK has two hyphens for a slash within an id.
            self.__inventory.retained.append(id.replace("/", "--"))

    def __keep_role(self) -> None:
        """Keep what a dataset group uses: the role, and its first policy, with the group's key."""
        # Other policies go with the stack, so a smaller selection leaves no permissions behind.
        # After some 45 folders of imports, which need no key in IAM, the key is in one of those.
        wiring = self._personalize_wiring
        is_kept = "Role" in self.__inventory.retained  # since an earlier dataset group
        if self.__keeps_role and not is_kept and not wiring.role.is_precreated:
            self.__keep("Role", cast("Resource", wiring.role.role))
            iam_target = next(target for target in wiring.targets if target.kind == "role")
            self.__keep("Policy", cast("Resource", iam_target.dependable))

    @property
    def encryption_key(self) -> kms.IKey:
        """The key of your dataset groups."""
        return self.__key

    @property
    def service_role(self) -> iam.IRole:
        """The role that Personalize assumes: the ``roleArn`` of your resources and jobs."""
        return self._personalize_wiring.role.role

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The service role, for calls such as ``bucket.grant_read(encryption)``."""
        return self._personalize_wiring.role.role.grant_principal

    @property
    def permissions(self) -> IDependable:
        """Every policy that must exist before Personalize is called, later additions included.

        For L1s of your own: ``movies.node.add_dependency(encryption.permissions)``.
        """
        return self._personalize_wiring.permissions

    @property
    def pending_statements(self) -> tuple[PendingStatements, ...]:
        """Statements that you or somebody else must add to policies.

        They are for imported keys and buckets, and for immutable roles. A warning at synth names
        files with the same. If a policy of your app is an expression, its statements are here too.
        The check at synth reports those it lacks.
        """
        return pending_statements(self._personalize_wiring.targets)

    def output_pending_statements(self, id: str = "PendingStatements") -> CfnOutput:
        """Add a stack output with the pending statements as JSON, as they are at the end of synth.

        Use it for owners who read outputs rather than files. Where the files have ``${…}``, the
        output has values from CloudFormation, for example the ARN of a role of the stack.

        Args:
            id: the id of the output in this construct.

        Raises:
            ValueError: if the stage was synthesized already.
        """
        refuse(self, self._personalize_wiring.late_resource_problems())
        return pending_output(self, id, lambda: self._personalize_wiring.targets)

    def allow(self, *resources: PersonalizeResource) -> None:
        """Allow more resources. The same resource twice changes nothing.

        Args:
            resources: more resources you will create in Personalize.

        Raises:
            ValueError: if Personalize can't work with their locations. The message has all the
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
        domain: Domain | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> personalize.CfnDatasetGroup:
        """Add a dataset group encrypted with the encryption key, and allow it.

        All its properties are create-only: if you change one later, CloudFormation makes a new,
        empty group, or refuses the change.

        Args:
            id: the id of the dataset group in this construct.
            name: its name: 1 to 63 letters, digits, hyphens and underscores. No other group of your
                account and Region may have it: else the deployment fails.
            domain: ``"ECOMMERCE"`` or ``"VIDEO_ON_DEMAND"``; by default a custom dataset group.
            tags: its tags. You can't change them later. Tags of your app (``Tags.of(app).add(…)``)
                don't reach it, and a warning names them.

        Raises:
            ValueError: if Personalize doesn't accept the name, or if ``tags`` isn't a mapping.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-personalize-datasetgroup.html
        """
        problems = [
            *self._personalize_wiring.late_resource_problems(),
            *name_problems("name of the dataset group", name),
            *type_problems(TAGS, optional=True, tags=tags),
        ]
        if domain is not None:
            problems += choice_problems("domain", domain, DOMAINS)
        refuse(self, problems)
        key_arn = self._personalize_wiring.encryption_key.arn
        # Personalize takes key and role together, or neither.
        resource = personalize.CfnDatasetGroup(
            self,
            id,
            name=name,
            domain=domain,
            kms_key_arn=key_arn,
            role_arn=self._personalize_wiring.role.arn,
        )
        self.__keep(id, resource)
        self.__set_tags(resource, tags)
        self.__wire(id, resource, [PersonalizeResource.dataset_group()], key_arn)
        self.__keep_role()
        return resource

    def add_dataset(
        self,
        id: str,
        *,
        dataset_group: AnyDatasetGroup,
        schema_arn: str,
        name: str,
        dataset_type: DatasetType,
        import_from: S3Location | None = None,
        import_job_name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> personalize.CfnDataset:
        """Add a dataset and, with ``import_from``, the job that imports its first data.

        The job is allowed too, and the deployment waits for the import.

        Args:
            id: the id of the dataset in this construct.
            dataset_group: the dataset group it belongs to, an L1 or an ARN. The group must use this
                construct's key: the synth fails if the policy of its key doesn't allow the service
                role.
            schema_arn: the ARN of its schema.
            name: its name: 1 to 63 letters, digits, hyphens and underscores.
            dataset_type: ``"Interactions"``, ``"Items"``, ``"Users"``, ``"Actions"`` or
                ``"Action_Interactions"``.
            import_from: the CSV file, or folder of CSV files, to import first. To import more data
                later, use ``jobs.DatasetImportJob``.
            import_job_name: the name of the import job. No job may have had it before. By default
                it is made from the names of the dataset and its dataset group, the type and the
                prefix. Your own name doesn't follow the prefix: to import another file, change
                both.
            tags: its tags. You can't change them later, as for ``add_dataset_group``. The import
                job has none.

        Raises:
            ValueError: if Personalize can't work with a name or the location, or if ``tags`` isn't
                a mapping. The message has all the reasons.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-personalize-dataset.html
        """
        problems = [
            *self.__problems_of("dataset", name, dataset_group),
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
                self.__inventory.imported.append(import_from)
                import_job_name = _import_job_name(
                    name, dataset_type, dataset_group, import_from, self.__here
                )
            import_job = personalize.CfnDataset.DatasetImportJobProperty(
                job_name=import_job_name,
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
        self.__keep(id, dataset)
        self.__set_tags(dataset, tags)
        return self.__wire(id, dataset, jobs)

    def add_metric_attribution(
        self,
        id: str,
        *,
        dataset_group: AnyDatasetGroup,
        name: str,
        metrics: Sequence[CfnMetricAttribution.MetricAttributeProperty],
        destination: S3Location | None = None,
    ) -> CfnMetricAttribution:
        """Add a metric attribution, and allow it.

        Args:
            id: the id of the metric attribution in this construct.
            dataset_group: the dataset group it reports on, an L1 or an ARN. A group can have a
                single metric attribution, and must use this construct's key, as in ``add_dataset``.
            name: its name: 1 to 63 letters, digits, hyphens and underscores.
            metrics: at most ten metrics.
            destination: the folder for reports on bulk data. If you pass none, it publishes only to
                CloudWatch.

        Raises:
            ValueError: if Personalize can't work with the name or the location. The message has all
                the reasons.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-personalize-metricattribution.html
        """
        problems = [
            *self.__problems_of("metric attribution", name, dataset_group),
            *type_problems(METRICS, metrics=metrics),
            *type_problems(LOCATION, optional=True, destination=destination),
        ]
        is_location = destination is None or isinstance(destination, S3Location)
        resources = [PersonalizeResource.metric_attribution(destination)] if is_location else []
        refuse(self, [*problems, *self._personalize_wiring.door.problems(resources)])
        l1, to_s3, key_arn = personalize.CfnMetricAttribution, None, None
        if destination is not None:
            key = self._personalize_wiring.door.location(destination).key
            key_arn = None if key is None else key.arn
            to_s3 = l1.S3DataDestinationProperty(path=destination.uri, kms_key_arn=key_arn)
        output = l1.MetricsOutputConfigProperty(
            role_arn=self._personalize_wiring.role.arn, s3_data_destination=to_s3
        )
        metric_attribution = l1(
            self,
            id,
            dataset_group_arn=_arn_of(dataset_group),
            name=name,
            metrics=list(metrics),
            metrics_output_config=output,
        )
        return self.__wire(id, metric_attribution, resources, key_arn)

    def __problems_of(self, kind: str, name: object, dataset_group: object) -> Iterator[str]:
        yield from self._personalize_wiring.late_resource_problems()
        yield from name_problems(f"name of the {kind}", name)
        yield from type_problems(DATASET_GROUP, dataset_group=dataset_group)
        yield from personalize_arn_problems("dataset_group", dataset_group, self.__here)

    def __set_tags(self, resource: CfnResource, tags: Mapping[str, str] | None) -> None:
        """Set the tags of a resource, sorted as the CDK does, and let no others reach it.

        Tags of dataset groups and datasets are create-only. If later tags of the app reached them,
        CloudFormation would refuse the update, or replace the dataset group by a new, empty group.
        """
        self.__inventory.tagged.append((resource, tags or {}))
        if tags:
            tag_list = [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
            resource.add_property_override("Tags", tag_list)
        else:
            resource.add_property_deletion_override("Tags")

    def __wire(
        self,
        id: str,
        resource: _L1,
        resources: Sequence[PersonalizeResource],
        key_arn: str | None = None,
    ) -> _L1:
        """Allow a new resource, and make it wait for its permissions; remove it if this fails."""
        with taken_out_if_refused(self, id):
            self._personalize_wiring.allow(resources)
        resource.node.add_dependency(Permissions(self._personalize_wiring, key_arn))
        return resource

    def grant_create(
        self,
        grantee: iam.IGrantable,
        *resources: PersonalizeResource,
        on: Sequence[str] | None = None,
    ) -> iam.Grant:
        """Allow a caller of Personalize's API to create these resources with the service role.

        The caller may create, describe and tag resources of these kinds, and pass the service role
        to Personalize. Allow the same resources with :meth:`allow`: Personalize and the role need
        permissions of their own.

        Args:
            grantee: the caller, for example a Lambda function or a CI role.
            resources: the resources the caller will create, at least one. Their locations don't
                matter.
            on: the ARNs of the datasets, dataset groups or solutions on which the caller may create
                them. By default all in your account and Region.

        Raises:
            ValueError: if an argument is not a grantee or not a resource, if there is no resource,
                if ``on`` can't narrow one of them, or if the grantee belongs to another account,
                which can't pass the role.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
        """
        role = self._personalize_wiring.role
        problems = [
            *caller_problems(grantee, resources, on, role),
            *self._personalize_wiring.late_problems(),
        ]
        refuse(self, problems)
        self.__inventory.granted += resources
        # The principal of a policy is no construct.
        principal = grantee.grant_principal
        caller = Stack.of(cast("Construct", principal if has(principal, "node") else grantee))
        # Another stack gets the ARN written out: this stack may depend on it already.
        role_arn = role.arn if caller is role.stack else role.arn_elsewhere(caller)
        statements = list(caller_statements(Stack.of(self), role_arn, resources, on))
        if takes_no_statements(principal):
            arn = cast("iam.IRole", principal).role_arn
            needed = self.__inventory.immutable_callers.setdefault(arn, [])
            needed += [statement for statement in statements if statement not in needed]
        return grant_statements(grantee, statements)

    def on_key_access_changed(
        self,
        id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
        rule_name: str | None = None,
    ) -> events.Rule:
        """Add an EventBridge rule for calls that could revoke access to a key in use.

        The keys are the encryption key and the keys of locations, including those you allow later.
        Revoked permissions break filters and recommendations of existing resources. The rule
        matches a key being disabled or scheduled for deletion, deleted key material, a new key
        policy (this stack's own updates too), and a grant being revoked or retired. Refused calls
        don't match. EventBridge learns of the calls from CloudTrail: your account needs a trail for
        management events. For a key of another account, add such a rule there, too.

        Args:
            id: the id of the rule in this construct.
            target: the target of the rule; ``rule.add_target`` adds more.
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
        return key_access_rule(
            self,
            id,
            lambda: [key.arn for key in self._personalize_wiring.keys],
            targets=None if target is None else [target],
            description=description,
            rule_name=rule_name,
        )


def _import_job_name(
    dataset: str, kind: str, group: AnyDatasetGroup, source: S3Location, here: Place
) -> str:
    """Return a unique name for an import job, made from the prefix too: no name can be used twice.

    The bucket has no part in it: a bucket can be known by name, parameter or logical id, and each
    new job name means a new import.
    """
    l1 = _l1_of(group)
    name_of_group = cast("str", group).rpartition("/")[2] if l1 is None else l1.name
    of_group = to_hash(name_of_group)
    if "${…}" in of_group or "${AWS::Stack" in of_group:
        # In another stack the same string is another name.
        of_group = f"{here.stack.node.path}/{of_group}"
    text = literal_part("\n".join([of_group, dataset, kind, source.prefix]))
    suffix = f"-import-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    # A token can't be cut.
    beginning = dataset if is_token(dataset) else dataset[: 63 - len(suffix)]
    return f"{beginning}{suffix}"


def _arn_of(group: AnyDatasetGroup) -> str:
    # Sources differ on whether ``ref`` is the ARN or the name.
    l1 = _l1_of(group)
    return cast("str", group) if l1 is None else l1.attr_dataset_group_arn


def _l1_of(group: AnyDatasetGroup) -> personalize.CfnDatasetGroup | None:
    return l1_behind(group, personalize.CfnDatasetGroup) if isinstance(group, str) else group
