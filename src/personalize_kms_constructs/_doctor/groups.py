"""Dataset groups as Personalize describes them, with their jobs and metric attributions."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import matrix
from .asking import AbsentError, Account, DoctorError, NotAnsweredError

# A metric attribution is at work for as long as it exists, so that old ones count too.
_METRIC_ATTRIBUTIONS = 100
_FAILED = ("CREATE FAILED", "FAILED")


@dataclass(frozen=True)
class JobKind:
    """A kind of job; the names of its operations and fields follow from ``noun``."""

    noun: str
    permissions: matrix.Permissions

    @property
    def snake(self) -> str:
        """The name in boto3's methods."""
        return "".join(f"_{each.lower()}" if each.isupper() else each for each in self.noun).lstrip("_")

    @property
    def member(self) -> str:
        """The field that a description comes in."""
        return self.noun[0].lower() + self.noun[1:]


IMPORT = JobKind("DatasetImportJob", matrix.DATASET_IMPORT_JOB)
EXPORT = JobKind("DatasetExportJob", matrix.DATASET_EXPORT_JOB)
INFERENCE = JobKind("BatchInferenceJob", matrix.BATCH_INFERENCE_JOB)
SEGMENT = JobKind("BatchSegmentJob", matrix.BATCH_SEGMENT_JOB)
DELETION = JobKind("DataDeletionJob", matrix.DATA_DELETION_JOB)
METRICS = JobKind("MetricAttribution", matrix.METRIC_ATTRIBUTION)


@dataclass(frozen=True)
class PersonalizeJob:
    """A job or a metric attribution: what it was asked for, and how it ended."""

    kind: JobKind
    name: str
    arn: str
    role_arn: str
    source: tuple[str, str | None] | None = None
    """The path of its input, and the key that it names."""
    destination: tuple[str, str | None] | None = None
    failure: str = ""
    """Personalize's reason, if it failed."""
    when: str = ""
    """The day on which it was last heard of."""


@dataclass(frozen=True)
class Group:
    """A dataset group."""

    arn: str
    name: str
    status: str
    key_arn: str | None
    role_arn: str | None
    failure: str = ""


def group_arns(account: Account, wanted: Iterable[str]) -> Iterator[str]:
    """Yield the ARNs of dataset groups given by ARN or name, or of all.

    Raises:
        DoctorError: if one is of another Region or account, or they can't be listed.
    """
    start = f"arn:{account.partition}:personalize:{account.region}:{account.id}:dataset-group/"
    given = list(dict.fromkeys(each if each.startswith("arn:") else start + each for each in wanted))
    for arn in given:
        kind = arn.rpartition(":")[2].partition("/")[0]
        if arn.startswith(start.removesuffix("dataset-group/")) and kind != "dataset-group":
            raise DoctorError(f"{arn} is no dataset group: give the name or ARN of one, for example {start}movies")
        if not arn.startswith(start):
            raise DoctorError(
                f"{arn} isn't in account {account.id} and Region {account.region}: give --region, --profile"
            )
    if given:
        yield from given
        return
    try:
        pages = account.pages("personalize", "list_dataset_groups", "datasetGroups")
        yield from (str(each["datasetGroupArn"]) for each in pages)
    except NotAnsweredError as error:
        raise DoctorError(f"{error}: name the dataset groups, or allow it") from error


def read_group(account: Account, arn: str) -> Group:
    """Read a dataset group.

    Raises:
        AbsentError: if there is none.
        NotAnsweredError: if the caller may not see it.
    """
    client = account.client("personalize")
    found = account.ask(
        "personalize:DescribeDatasetGroup",
        arn,
        lambda: client.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"],
    )
    return Group(
        arn,
        str(found["name"]),
        str(found.get("status", "")),
        found.get("kmsKeyArn"),
        found.get("roleArn"),
        str(found.get("failureReason") or ""),
    )


@dataclass
class Jobs:
    """The jobs of a dataset group that were looked at, and how many older ones were not."""

    found: list[PersonalizeJob]
    older: int = 0
    unseen: int = 0
    """The number of those that couldn't be looked at, for lack of a permission."""


def read_jobs(account: Account, group_arn: str, newest: int) -> Jobs:
    """Read the newest jobs of each kind, for each dataset and solution, and all metric attributions."""
    jobs = Jobs([])

    def listed(operation: str, member: str, **narrowed: str) -> Iterator[Any]:
        try:
            yield from account.pages("personalize", operation, member, **narrowed)
        except NotAnsweredError:
            jobs.unseen += 1
        except AbsentError:
            pass  # what it is narrowed to was deleted since it was listed

    def of_kind(kind: JobKind, **narrowed: str) -> Iterator[Any]:
        return listed(f"list_{kind.snake}s", f"{kind.member}s", **narrowed)

    def take(kind: JobKind, summaries: Iterable[Any], most: int = newest) -> None:
        count = 0

        def counted() -> Iterator[tuple[float, str]]:
            nonlocal count
            for count, each in enumerate(summaries, 1):  # noqa: B007
                yield each["creationDateTime"].timestamp(), each[f"{kind.member}Arn"]

        chosen = heapq.nlargest(most, counted())
        jobs.older += count - len(chosen)
        for _, arn in chosen:
            try:
                job = _read_job(account, kind, arn)
            except NotAnsweredError:
                jobs.unseen += 1
                continue
            except AbsentError:
                continue  # deleted since it was listed
            if job.role_arn:
                jobs.found.append(job)
            else:
                jobs.unseen += 1

    for dataset in listed("list_datasets", "datasets", datasetGroupArn=group_arn):
        for kind in (IMPORT, EXPORT):
            take(kind, of_kind(kind, datasetArn=dataset["datasetArn"]))
    for solution in listed("list_solutions", "solutions", datasetGroupArn=group_arn):
        found = listed("list_solution_versions", "solutionVersions", solutionArn=solution["solutionArn"])
        versions = [str(each["solutionVersionArn"]) for each in found]
        for kind in (INFERENCE, SEGMENT):
            take(kind, (each for arn in versions for each in of_kind(kind, solutionVersionArn=arn)))
    take(DELETION, of_kind(DELETION, datasetGroupArn=group_arn))
    take(METRICS, of_kind(METRICS, datasetGroupArn=group_arn), _METRIC_ATTRIBUTIONS)
    return jobs


def _read_job(account: Account, kind: JobKind, arn: str) -> PersonalizeJob:
    describe = getattr(account.client("personalize"), f"describe_{kind.snake}")
    argument = {f"{kind.member}Arn": arn}
    found = account.ask(f"personalize:Describe{kind.noun}", arn, lambda: describe(**argument)[kind.member])
    output = found.get("metricsOutputConfig") or found.get("jobOutput") or {}
    failed = found.get("status") in _FAILED
    return PersonalizeJob(
        kind,
        str(found.get("jobName") or found.get("name")),
        arn,
        str(found.get("roleArn") or output.get("roleArn") or ""),
        source=_place(found.get("jobInput", {}).get("s3DataSource")) or _data_source(found),
        destination=_place(output.get("s3DataDestination")),
        failure=str(found.get("failureReason") or "it gave no reason") if failed else "",
        when=f"{found['lastUpdatedDateTime']:%Y-%m-%d}" if "lastUpdatedDateTime" in found else "",
    )


def _place(found: Any) -> tuple[str, str | None] | None:
    return (str(found["path"]), found.get("kmsKeyArn")) if found else None


def _data_source(found: Any) -> tuple[str, str | None] | None:
    path = (found.get("dataSource") or {}).get("dataLocation")
    return (str(path), None) if path else None
