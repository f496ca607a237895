"""The permissions AWS documents for each resource of Amazon Personalize, as data.

Every action granted by this library is in a row here, with the pages it comes from. Nothing here
knows the CDK. A row is about a resource, two principals (the service role, and the service
principal ``personalize.amazonaws.com``) and three kinds of policy (key policies, the role's IAM
policies, bucket policies). It also has the resource's names in Personalize's API. There is no other
list of resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

SERVICE_PRINCIPAL = "personalize.amazonaws.com"

_GUIDE = "https://docs.aws.amazon.com/personalize/latest/dg"
KMS_PAGE = f"{_GUIDE}/granting-personalize-key-access.html"
IMPORT_PAGE = f"{_GUIDE}/granting-personalize-s3-access.html"
EXPORT_PAGE = f"{_GUIDE}/export-permissions.html"
BATCH_PAGE = f"{_GUIDE}/batch-permissions.html"
METRICS_PAGE = f"{_GUIDE}/metric-attribution-requirements.html"
CONFUSED_DEPUTY_PAGE = f"{_GUIDE}/cross-service-confused-deputy-prevention.html"
CALLERS_PAGE = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html"
)

# Every call of CALLERS_PAGE that takes a role needs it, with iam:PassedToService.
PASS_ROLE = "iam:PassRole"
# Every call of CALLERS_PAGE with tags needs it, for the new resource.
TAG = "personalize:TagResource"
# Personalize needs it on the service role (CONFUSED_DEPUTY_PAGE).
ASSUME_ROLE = "sts:AssumeRole"


@dataclass(frozen=True)
class Actions:
    """Actions on one kind of resource. They always go together."""

    name: str
    """The name of their statements."""
    actions: tuple[str, ...]
    page: str = field(default="", compare=False)
    """The page with this requirement; by default the page of the row."""

    def on_page(self, page: str) -> Actions:
        """Return the same actions with another page."""
        return replace(self, page=page)


# "Your AWS KMS key policy and IAM policies must grant permissions for the following actions"
# (KMS_PAGE).
USE_KEY = Actions(
    "UseKey", ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"), KMS_PAGE
)
# "CreateGrant (only required in key policy)".
CREATE_GRANTS = Actions("CreateGrants", ("kms:CreateGrant",), KMS_PAGE)
# "If you specify a key when you create a dataset group and want to export data from a dataset, your
# key policy must include the GenerateDataKeyWithoutPlaintext action."
EXPORT_DATA = Actions("ExportData", ("kms:GenerateDataKeyWithoutPlaintext",), KMS_PAGE)

READ_OBJECTS = Actions("ReadObjects", ("s3:GetObject",))
WRITE_OBJECTS = Actions("WriteObjects", ("s3:PutObject",))
LIST_BUCKET = Actions("ListBucket", ("s3:ListBucket",))

# The service authorization reference lists no resource for it.
PUBLISH_METRICS = Actions("PublishMetrics", ("cloudwatch:PutMetricData",))


@dataclass(frozen=True)
class KeyAccess:
    """The actions of a resource on a key."""

    key_policy: tuple[Actions, ...] = (CREATE_GRANTS, USE_KEY)
    """In the key's policy, for the role and for the service."""
    role_policies: tuple[Actions, ...] = (USE_KEY,)
    """In the role's IAM policies."""

    @property
    def key_policy_actions(self) -> tuple[str, ...]:
        """The names of the actions in the key's policy."""
        names: list[str] = []
        for group in self.key_policy:
            names += group.actions
        return tuple(names)


@dataclass(frozen=True)
class S3Access:
    """The actions of a resource on a location, the same for role and service."""

    on_objects: Actions
    """On the objects below the location's prefix."""
    path_argument: str
    """The API's argument for the location's path, such as ``JobInput.S3DataSource.Path``."""
    key_argument: str = ""
    """The API's argument for the location's key, if there is one."""
    on_bucket: tuple[Actions, ...] = (LIST_BUCKET,)
    """On the bucket itself."""
    on_key: KeyAccess = KeyAccess()
    """On the location's key, if any."""


@dataclass(frozen=True)
class Permissions:
    """A row: the permissions Personalize needs before it can create the resource."""

    resource: str
    """The resource's name on AWS's page; its names in the API have the same words."""
    page: str
    """The page on the resource, for all actions without their own page."""
    on_dataset_group_key: KeyAccess = KeyAccess()
    """On the dataset group's key."""
    source: S3Access | None = None
    """Data read by Personalize, if any."""
    destination: S3Access | None = None
    """Data written by Personalize, if any."""
    role_on_everything: tuple[Actions, ...] = ()
    """In the role's IAM policies, on ``*``: actions without a narrower resource."""
    role_argument: str = "RoleArn"
    """The API's argument for the service role."""
    made_for: str = ""
    """The API's argument for the resource it belongs to; a dataset group has none."""
    parent: str = ""
    """A second type, as in ARNs, on which a caller needs the API's action."""
    takes_tags: bool = True
    """True if the API's call takes tags."""
    finished: str = "ACTIVE"
    """The status of a complete resource, or of a successful job."""
    note: str = ""
    """A difference between AWS's pages, and the choice made here."""

    @property
    def noun(self) -> str:
        """The end of the API's names, after ``Create`` for example: ``DatasetGroup``."""
        return "".join(word.capitalize() for word in self.resource.split())

    @property
    def create_action(self) -> str:
        """The action needed by the caller."""
        return f"personalize:Create{self.noun}"

    @property
    def describe_action(self) -> str:
        """The action for its status."""
        return f"personalize:Describe{self.noun}"

    @property
    def is_job(self) -> bool:
        """True for a job, which ends; other resources work for as long as they exist."""
        return self.resource.endswith(" job")

    @property
    def arn_type(self) -> str:
        """The type in the resource's ARN, such as ``dataset-group``."""
        return self.resource.replace(" ", "-")

    def page_of(self, action: str) -> str:
        """Return the page for an action of this row."""
        if action in (self.create_action, self.describe_action, PASS_ROLE, TAG):
            return CALLERS_PAGE
        for group in self.groups():
            if action in group.actions:
                return group.page or self.page
        return self.page

    def locations(self) -> tuple[S3Access, ...]:
        """Return the access to each of its locations."""
        return tuple(access for access in (self.source, self.destination) if access is not None)

    def on_keys(self) -> tuple[KeyAccess, ...]:
        """Return the access to each key: of the dataset group, and of its locations."""
        return (self.on_dataset_group_key, *(access.on_key for access in self.locations()))

    def groups(self) -> Iterator[Actions]:
        """Yield all actions. Several policies may have the same group."""
        for on_key in self.on_keys():
            yield from (*on_key.key_policy, *on_key.role_policies)
        for access in self.locations():
            yield from (access.on_objects, *access.on_bucket)
        yield from self.role_on_everything


DATASET_GROUP = Permissions(resource="dataset group", page=KMS_PAGE)

# "Dataset import job (only AWS KMS key policy must grant permissions)" (KMS_PAGE).
_KEY_POLICY_ALONE = KeyAccess(role_policies=())

DATASET_IMPORT_JOB = Permissions(
    resource="dataset import job",
    page=IMPORT_PAGE,
    on_dataset_group_key=_KEY_POLICY_ALONE,
    source=S3Access(READ_OBJECTS, "DataSource.DataLocation", on_key=_KEY_POLICY_ALONE),
    made_for="DatasetArn",
    parent="dataset",
)

DATASET_EXPORT_JOB = Permissions(
    resource="dataset export job",
    page=EXPORT_PAGE,
    on_dataset_group_key=KeyAccess(key_policy=(CREATE_GRANTS, USE_KEY, EXPORT_DATA)),
    destination=S3Access(
        WRITE_OBJECTS, "JobOutput.S3DataDestination.Path", "JobOutput.S3DataDestination.KmsKeyArn"
    ),
    made_for="DatasetArn",
    parent="dataset",
)

_BATCH_SOURCE = S3Access(
    READ_OBJECTS, "JobInput.S3DataSource.Path", "JobInput.S3DataSource.KmsKeyArn"
)
_BATCH_DESTINATION = S3Access(
    WRITE_OBJECTS, "JobOutput.S3DataDestination.Path", "JobOutput.S3DataDestination.KmsKeyArn"
)

BATCH_INFERENCE_JOB = Permissions(
    resource="batch inference job",
    page=BATCH_PAGE,
    source=_BATCH_SOURCE,
    destination=_BATCH_DESTINATION,
    made_for="SolutionVersionArn",
    parent="solution",
)

# The service authorization reference lists no solution for CreateBatchSegmentJob.
BATCH_SEGMENT_JOB = Permissions(
    resource="batch segment job",
    page=BATCH_PAGE,
    source=_BATCH_SOURCE,
    destination=_BATCH_DESTINATION,
    made_for="SolutionVersionArn",
)

# The pages differ. KMS_PAGE lists the resources that need a key, and no data deletion job.
# IMPORT_PAGE has one policy for "dataset import jobs or data deletion jobs", and says in step 4:
# "If you use AWS Key Management Service (AWS KMS) for encryption, you must grant Amazon Personalize
# and your Amazon Personalize IAM service role permission to use your key." CreateDataDeletionJob's
# API reference says of S3 that permissions "are the same as importing data". Chosen: the row of
# import jobs, since it lets both use the keys and is the least that does: the key policy alone.
_AS_IMPORTS = KeyAccess(
    key_policy=(CREATE_GRANTS.on_page(IMPORT_PAGE), USE_KEY.on_page(IMPORT_PAGE)), role_policies=()
)

DATA_DELETION_JOB = Permissions(
    resource="data deletion job",
    page=IMPORT_PAGE,
    on_dataset_group_key=_AS_IMPORTS,
    source=S3Access(READ_OBJECTS, "DataSource.DataLocation", on_key=_AS_IMPORTS),
    made_for="DatasetGroupArn",
    parent="dataset-group",
    finished="COMPLETED",
    note=(
        "AWS's pages differ: the page on KMS doesn't list data deletion jobs, and the page on S3 "
        "asks that role and service may use the key. They get the KMS permissions of dataset "
        "import jobs."
    ),
)

METRIC_ATTRIBUTION = Permissions(
    resource="metric attribution",
    page=METRICS_PAGE,
    role_on_everything=(PUBLISH_METRICS,),
    destination=S3Access(
        WRITE_OBJECTS,
        "MetricsOutputConfig.S3DataDestination.Path",
        "MetricsOutputConfig.S3DataDestination.KmsKeyArn",
        on_bucket=(),
    ),
    role_argument="MetricsOutputConfig.RoleArn",
    made_for="DatasetGroupArn",
    parent="dataset-group",
    takes_tags=False,
)

ROWS = tuple(row for row in list(vars().values()) if isinstance(row, Permissions))
"""All rows, in the order of this page."""


def _asked_actions() -> Iterator[str]:
    for row in ROWS:
        for group in row.groups():
            yield from group.actions


ASKED_ACTIONS = frozenset(_asked_actions())
"""All actions that the pages ask for the role or for Personalize."""
