"""Dataset groups as Personalize describes them, with their jobs and metric attributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from ..matrix import ROWS, Permissions, S3Access
from .asking import AbsentError, Account, DoctorError, NotAnsweredError

# Roles, keys and buckets of older jobs may have lost what nobody needs any more.
_LOOKED_AT = timedelta(days=90)
_S3 = "s3://"

BySolution = dict[str, dict[str, list[Any]]]
"""The jobs of each kind, by the ARNs of their solutions."""


class LocationOfJob(NamedTuple):
    """A file or folder in S3."""

    bucket: str
    prefix: str
    key: str | None
    """The key that the job names for it."""


@dataclass(frozen=True)
class PersonalizeJob:
    """A job or a metric attribution: what it was asked for, and how it ended."""

    permissions: Permissions
    name: str
    """Its name, of a job with the day on which it was made."""
    role_arn: str
    source: LocationOfJob | None = None
    destination: LocationOfJob | None = None
    failure: str = ""
    """Personalize's reason, if it failed."""
    is_past: bool = False
    """True for a job after which another one of its kind was made."""

    @property
    def label(self) -> str:
        """The name that reports use for it."""
        return f"{self.name} ({self.permissions.resource})"


@dataclass(frozen=True)
class Group:
    """A dataset group as Personalize describes it, or the reason why it can't be seen."""

    arn: str
    described: Mapping[str, Any]
    unseen: str = ""

    @property
    def name(self) -> str:
        """Its name."""
        return self.arn.rpartition("/")[2]


def group_arns(account: Account, wanted: Sequence[str]) -> list[str]:
    """Return the ARNs of dataset groups given by ARN or name, or of all."""
    start = f"arn:{account.partition}:personalize:{account.region}:{account.id}:dataset-group/"
    given = [name if name.startswith("arn:") else start + name for name in wanted]
    for arn in given:
        if not arn.startswith(start):
            raise DoctorError(
                f"{arn} isn't a dataset group of account {account.id} and Region {account.region}: "
                "set --profile or --region, or pass another one"
            )
    if not wanted:
        groups = account.pages("personalize.ListDatasetGroups", "datasetGroups", "*")
        return [str(group["datasetGroupArn"]) for group in groups]
    return list(dict.fromkeys(given))


def read_group(account: Account, arn: str) -> Group | None:
    """Read a dataset group; none if it doesn't exist."""
    described, unseen = account.see(
        "personalize.DescribeDatasetGroup", "datasetGroup", arn, datasetGroupArn=arn
    )
    return Group(arn, described or {}, unseen) if described or unseen else None


@dataclass
class Jobs:
    """The jobs of a dataset group that were looked at, and how many older ones were not."""

    newest: list[PersonalizeJob] = field(default_factory=list)
    older: int = 0
    unseen: int = 0
    """The number of those that couldn't be looked at, and of their listings."""


def jobs_by_solution(account: Account) -> BySolution:
    """List the jobs that are made for solution versions; a listing that can't be seen is left out.

    The listings need no version, and a solution that is trained each day has hundreds
    (https://docs.aws.amazon.com/personalize/latest/dg/API_ListBatchInferenceJobs.html).
    """
    by_solution: BySolution = {}
    for row in ROWS:
        if row.made_for == "SolutionVersionArn":
            operation, member = f"personalize.List{row.noun}s", f"{_field(row.noun)}s"
            listed, _ = account.see_all(operation, member, "*")
            if listed is not None:
                by_solution[row.noun] = {}
            for job in listed or ():
                solution = str(job.get("solutionVersionArn")).rpartition("/")[0]
                by_solution[row.noun].setdefault(solution, []).append(job)
    return by_solution


def read_jobs(account: Account, group_arn: str, newest: int, by_solution: BySolution) -> Jobs:
    """Read the newest jobs of each kind, and all metric attributions."""
    jobs, since = Jobs(), datetime.now(UTC) - _LOOKED_AT

    def listed(noun: str, made_for: str, arn: str) -> list[Any]:
        arguments: Any = {_field(made_for): arn}
        operation, member = f"personalize.List{noun}s", f"{_field(noun)}s"
        listing, unseen = account.see_all(operation, member, arn, **arguments)
        jobs.unseen += bool(unseen)
        return listing or []

    datasets = listed("Dataset", "DatasetGroupArn", group_arn)
    solutions = listed("Solution", "DatasetGroupArn", group_arn)
    made_for: dict[str, list[str]] = {
        "": [],
        "DatasetGroupArn": [group_arn],
        "DatasetArn": [dataset["datasetArn"] for dataset in datasets],
        "SolutionVersionArn": [solution["solutionArn"] for solution in solutions],
    }
    for row in ROWS:
        if row.made_for == "SolutionVersionArn" and solutions and row.noun not in by_solution:
            jobs.unseen += 1
        for arn in made_for[row.made_for]:
            if row.made_for != "SolutionVersionArn":
                summaries = listed(row.noun, row.made_for, arn)
            else:
                summaries = by_solution.get(row.noun, {}).get(arn, [])
            chosen = sorted(summaries, key=itemgetter("creationDateTime"), reverse=True)
            if row.is_job:  # a metric attribution is at work for as long as it exists
                chosen = [job for job in chosen[:newest] if job["creationDateTime"] > since]
            jobs.older += len(summaries) - len(chosen)
            for summary in chosen:
                is_past = row.is_job and summary is not chosen[0]
                try:
                    jobs.newest.append(_read_job(account, row, summary, is_past))
                except NotAnsweredError:
                    jobs.unseen += 1
                except AbsentError:
                    pass  # deleted since it was listed
    return jobs


def _read_job(account: Account, row: Permissions, summary: Any, is_past: bool) -> PersonalizeJob:
    member = _field(row.noun)
    arn = str(summary[f"{member}Arn"])
    arguments: Any = {f"{member}Arn": arn}
    described = account.ask(f"personalize.Describe{row.noun}", member, arn, **arguments)
    role_arn = _member(described, row.role_argument)
    if not role_arn:
        raise account.not_seen(row.describe_action, "was answered without a role", arn)
    for access in filter(None, (row.source, row.destination)):
        path = _member(described, access.path_argument)
        if path is not None and not path.startswith(_S3):
            raise account.not_seen(row.describe_action, f"was answered with the path {path}", arn)
    failed = str(described.get("status")).endswith("FAILED")
    name = str(described.get("jobName") or described.get("name"))
    return PersonalizeJob(
        row,
        f"{name} of {summary['creationDateTime']:%Y-%m-%d}" if row.is_job else name,
        str(role_arn),
        source=_location(described, row.source),
        destination=_location(described, row.destination),
        failure=str(described.get("failureReason") or "it gave no reason") if failed else "",
        is_past=is_past,
    )


def _location(described: Any, access: S3Access | None) -> LocationOfJob | None:
    path = _member(described, access.path_argument) if access else None
    if access is None or path is None:
        return None
    bucket, _, prefix = path.removeprefix(_S3).partition("/")
    key = _member(described, access.key_argument) if access.key_argument else None
    return LocationOfJob(bucket, prefix, key)


def _member(description: Any, argument: str) -> Any:
    """Return an argument of the API's call from a description."""
    member = description
    for name in argument.split("."):
        member = (member or {}).get(_field(name))
    return member


def _field(name: str) -> str:
    """Return an argument's name as boto3 spells it."""
    return name[0].lower() + name[1:]
