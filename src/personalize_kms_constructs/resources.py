"""The resources to be created by Personalize."""

from __future__ import annotations

from dataclasses import dataclass

from personalize_kms_check import matrix

from ._refusals import refuse
from ._refusals.arguments import type_problems
from .locations import LOCATION, S3Location


@dataclass(frozen=True)
class PersonalizeResource:
    """A resource you will create in Amazon Personalize, and the S3 locations it uses.

    Use the factory methods. If you pass no locations, only KMS permissions on the encryption key
    are granted, and you add the S3 permissions yourself.

    Raises:
        ValueError: if a location is not an ``S3Location``. The message has all the reasons.
    """

    permissions: matrix.Permissions
    """The permissions AWS documents for this kind of resource."""
    source: S3Location | None = None
    """The location it reads, if any."""
    destination: S3Location | None = None
    """The location it writes to, if any."""

    def __post_init__(self) -> None:
        factory = self.permissions.resource.replace(" ", "_")
        problems = type_problems(
            LOCATION, optional=True, source=self.source, destination=self.destination
        )
        refuse(f"PersonalizeResource.{factory}", problems)

    @staticmethod
    def dataset_group() -> PersonalizeResource:
        """Return a dataset group, encrypted with the encryption key.

        https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
        """
        return PersonalizeResource(matrix.DATASET_GROUP)

    @staticmethod
    def dataset_import_job(source: S3Location | None = None) -> PersonalizeResource:
        """Return a dataset import job that reads ``source``.

        The role gets no KMS action in IAM for it: for import jobs only the key policy must grant
        permissions.

        https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html
        """
        return PersonalizeResource(matrix.DATASET_IMPORT_JOB, source=source)

    @staticmethod
    def dataset_export_job(destination: S3Location | None = None) -> PersonalizeResource:
        """Return a dataset export job that writes to the folder ``destination``.

        It adds ``kms:GenerateDataKeyWithoutPlaintext`` to the statements in the encryption key's
        policy.

        https://docs.aws.amazon.com/personalize/latest/dg/export-permissions.html
        """
        return PersonalizeResource(matrix.DATASET_EXPORT_JOB, destination=destination)

    @staticmethod
    def batch_inference_job(
        source: S3Location | None = None, destination: S3Location | None = None
    ) -> PersonalizeResource:
        """Return a batch inference job that reads ``source`` and writes to another folder.

        https://docs.aws.amazon.com/personalize/latest/dg/batch-permissions.html
        """
        return PersonalizeResource(
            matrix.BATCH_INFERENCE_JOB, source=source, destination=destination
        )

    @staticmethod
    def batch_segment_job(
        source: S3Location | None = None, destination: S3Location | None = None
    ) -> PersonalizeResource:
        """Return a batch segment job that reads ``source`` and writes to another folder.

        https://docs.aws.amazon.com/personalize/latest/dg/batch-permissions.html
        """
        return PersonalizeResource(matrix.BATCH_SEGMENT_JOB, source=source, destination=destination)

    @staticmethod
    def data_deletion_job(source: S3Location | None = None) -> PersonalizeResource:
        """Return a data deletion job that reads ``source``.

        AWS's pages differ. The page on KMS doesn't list the job. The page on S3 names it beside
        import jobs: role and service must be allowed to use the key. So you get the same as for an
        import job: statements in the policies of the dataset group's key and of the
        source's key, and no KMS action in the role's IAM policies.

        https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html
        """
        return PersonalizeResource(matrix.DATA_DELETION_JOB, source=source)

    @staticmethod
    def metric_attribution(destination: S3Location | None = None) -> PersonalizeResource:
        """Return a metric attribution that publishes to CloudWatch and, with a folder, to S3.

        https://docs.aws.amazon.com/personalize/latest/dg/metric-attribution-requirements.html
        """
        return PersonalizeResource(matrix.METRIC_ATTRIBUTION, destination=destination)
