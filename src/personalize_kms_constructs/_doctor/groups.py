"""Dataset groups as Personalize describes them, with their jobs and metric attributions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from .._accepted import IS_NO_NAME, USE_A_NAME, is_name
from ..matrix import ROWS, Permissions, S3Access
from .asking import AbsentError, Account, DoctorError, NotAnsweredError

# A metric attribution is at work for as long as it exists, so that old ones count too.
_METRIC_ATTRIBUTIONS = 100
_FAILED = ("CREATE FAILED", "FAILED")


@dataclass(frozen=True)
class PersonalizeJob:
    """A job or a metric attribution: what it was asked for, and how it ended."""

    permissions: Permissions
    name: str
    """Its name, of a job with the day on which it was made."""
    arn: str
    role_arn: str
    source: tuple[str, str | None] | None = None
    """The path of its input, and the key that it names."""
    destination: tuple[str, str | None] | None = None
    failure: str = ""
    """Personalize's reason, if it failed."""


@dataclass(frozen=True)
class Group:
    """A dataset group."""

    arn: str
    name: str
    status: str = ""
    key_arn: str | None = None
    role_arn: str | None = None
    failure: str = ""
    unseen: str = ""
    """The reason why it can't be seen."""


def group_arns(account: Account, wanted: Iterable[str]) -> list[str]:
    """Return the ARNs of dataset groups given by ARN or name, or of all.

    Raises:
        DoctorError: if one is none, or is of another Region or account, or they can't be listed.
    """
    wanted = list(wanted)
    for name_or_arn in wanted:
        _refuse_impossible(name_or_arn, account.region)
    start = f"arn:{account.partition}:personalize:{account.region}:{account.id}:dataset-group/"
    given = list(
        dict.fromkeys(name if name.startswith("arn:") else start + name for name in wanted)
    )
    for arn in given:
        if not arn.startswith(start):
            raise DoctorError(f"{arn} isn't in account {account.id}: set --profile")
    pages = account.pages("personalize", "ListDatasetGroups", "datasetGroups", "*")
    return given or account.first(lambda: [str(group["datasetGroupArn"]) for group in pages])


def _refuse_impossible(wanted: str, region: str) -> None:
    """Refuse what no account could have, before anything is asked."""
    is_arn = wanted.startswith("arn:")
    if not is_arn and not is_name(wanted):
        raise DoctorError(f"{wanted!r} {IS_NO_NAME}: {USE_A_NAME}")
    if is_arn and not re.match(
        rf"arn:[^:]+:personalize:{re.escape(region)}:\d+:dataset-group/", wanted
    ):
        raise DoctorError(
            f"{wanted} isn't a dataset group of this Region: set --region, or pass another one"
        )


def read_group(account: Account, arn: str) -> Group | None:
    """Read a dataset group; none if it doesn't exist."""
    arguments = {"datasetGroupArn": arn}
    described, unseen = account.see(
        "personalize", "DescribeDatasetGroup", "datasetGroup", arn, **arguments
    )
    name = arn.rpartition("/")[2]
    if described is None:
        return Group(arn, name, unseen=unseen) if unseen else None
    return Group(
        arn,
        str(described.get("name", name)),
        str(described.get("status", "")),
        described.get("kmsKeyArn"),
        described.get("roleArn"),
        str(described.get("failureReason") or ""),
    )


@dataclass
class Jobs:
    """The jobs of a dataset group that were looked at, and how many older ones were not."""

    newest: list[PersonalizeJob] = field(default_factory=list)
    older: int = 0
    unseen: int = 0
    """The number of those that couldn't be looked at, and of their listings."""


def jobs_by_solution(account: Account, noun: str) -> dict[str, list[Any]] | None:
    """List the jobs of a kind that are made for solution versions, by the ARNs of their solutions.

    The listings need no version, and a solution that is trained each day has hundreds
    (https://docs.aws.amazon.com/personalize/latest/dg/API_ListBatchInferenceJobs.html).
    """
    by_solution: dict[str, list[Any]] = {}
    try:
        for job in account.pages("personalize", f"List{noun}s", f"{_field(noun)}s", "*"):
            solution = str(job["solutionVersionArn"]).rpartition("/")[0]
            by_solution.setdefault(solution, []).append(job)
    except NotAnsweredError:
        return None
    return by_solution


def read_jobs(
    account: Account,
    group_arn: str,
    newest: int,
    by_solution: Callable[[str], dict[str, list[Any]] | None],
) -> Jobs:
    """Read the newest jobs of each kind, and all metric attributions."""
    jobs = Jobs()

    def listed(operation: str, **narrowed: str) -> list[Any]:
        (resource,) = narrowed.values()
        try:
            member = _field(operation.removeprefix("List"))
            return list(account.pages("personalize", operation, member, resource, **narrowed))
        except NotAnsweredError:
            jobs.unseen += 1
        except AbsentError:
            pass  # what it is narrowed to was deleted since it was listed
        return []

    datasets = [
        dataset["datasetArn"] for dataset in listed("ListDatasets", datasetGroupArn=group_arn)
    ]
    solutions = [
        solution["solutionArn"] for solution in listed("ListSolutions", datasetGroupArn=group_arn)
    ]
    made_for = {"DatasetArn": datasets, "DatasetGroupArn": [group_arn]}
    for row in ROWS:
        if row.made_for in made_for:
            lists = [
                listed(f"List{row.noun}s", **{_field(row.made_for): arn})
                for arn in made_for[row.made_for]
            ]
        else:
            of_kind = by_solution(row.noun) if row.made_for else {}
            jobs.unseen += of_kind is None
            lists = [(of_kind or {}).get(arn, []) for arn in solutions]
        for summaries in lists:
            chosen = sorted(summaries, key=itemgetter("creationDateTime"), reverse=True)
            chosen = chosen[: newest if row.is_job else _METRIC_ATTRIBUTIONS]
            jobs.older += len(summaries) - len(chosen)
            for summary in chosen:
                _add_job(account, row, summary, jobs)
    return jobs


def _add_job(account: Account, row: Permissions, summary: Any, jobs: Jobs) -> None:
    member = _field(row.noun)
    arn = str(summary[f"{member}Arn"])
    arguments: Any = {f"{member}Arn": arn}
    described, unseen = account.see("personalize", f"Describe{row.noun}", member, arn, **arguments)
    if described is None and not unseen:
        return  # deleted since it was listed
    description = described or {}
    role_arn = _member(description, row.role_argument)
    if not role_arn:
        jobs.unseen += 1
        return
    failed = description.get("status") in _FAILED
    name = str(description.get("jobName") or description.get("name"))
    job = PersonalizeJob(
        row,
        f"{name} of {summary['creationDateTime']:%Y-%m-%d}" if row.is_job else name,
        arn,
        str(role_arn),
        source=_location(description, row.source),
        destination=_location(description, row.destination),
        failure=str(description.get("failureReason") or "it gave no reason") if failed else "",
    )
    jobs.newest.append(job)


def _location(description: Any, access: S3Access | None) -> tuple[str, str | None] | None:
    path = _member(description, access.path_argument) if access else None
    if access is None or path is None:
        return None
    return str(path), _member(description, access.key_argument) if access.key_argument else None


def _member(description: Any, argument: str) -> Any:
    """Return an argument of the API's call from a description."""
    member = description
    for name in argument.split("."):
        member = (member or {}).get(_field(name))
    return member


def _field(name: str) -> str:
    """Return an argument's name as boto3 spells it."""
    return name[0].lower() + name[1:]
