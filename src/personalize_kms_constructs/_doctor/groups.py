"""Dataset groups as Personalize describes them, with their jobs and metric attributions."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..matrix import ROWS, Permissions, S3Access
from .asking import AbsentError, Account, DoctorError, NotAnsweredError

# A metric attribution is at work for as long as it exists, so that old ones count too.
_METRIC_ATTRIBUTIONS = 100
_FAILED = ("CREATE FAILED", "FAILED")


@dataclass(frozen=True)
class JobKind:
    """A kind of job or metric attribution, with the names of its operations and fields in boto3."""

    permissions: Permissions

    @property
    def snake(self) -> str:
        """The name in boto3's methods."""
        return self.permissions.resource.replace(" ", "_")

    @property
    def member(self) -> str:
        """The field that a description comes in."""
        return _field(self.permissions.noun)


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

    client = account.client("personalize")

    def made_for(argument: str) -> list[JobKind]:
        found = [JobKind(row) for row in ROWS if row.made_for == argument]
        # An older boto3 may lack one.
        return [kind for kind in found if hasattr(client, f"list_{kind.snake}s")]

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
        for kind in made_for("DatasetArn"):
            take(kind, of_kind(kind, datasetArn=dataset["datasetArn"]))
    for solution in listed("list_solutions", "solutions", datasetGroupArn=group_arn):
        found = listed("list_solution_versions", "solutionVersions", solutionArn=solution["solutionArn"])
        versions = [str(each["solutionVersionArn"]) for each in found]
        for kind in made_for("SolutionVersionArn"):
            take(kind, (each for arn in versions for each in of_kind(kind, solutionVersionArn=arn)))
    for kind in made_for("DatasetGroupArn"):
        most = newest if kind.permissions.is_job else _METRIC_ATTRIBUTIONS
        take(kind, of_kind(kind, datasetGroupArn=group_arn), most)
    return jobs


def _read_job(account: Account, kind: JobKind, arn: str) -> PersonalizeJob:
    describe = getattr(account.client("personalize"), f"describe_{kind.snake}")
    argument = {f"{kind.member}Arn": arn}
    found = account.ask(f"personalize:Describe{kind.permissions.noun}", arn, lambda: describe(**argument)[kind.member])
    row = kind.permissions
    failed = found.get("status") in _FAILED
    return PersonalizeJob(
        kind,
        str(found.get("jobName") or found.get("name")),
        arn,
        str(_member(found, row.role_argument) or ""),
        source=_place(found, row.source),
        destination=_place(found, row.destination),
        failure=str(found.get("failureReason") or "it gave no reason") if failed else "",
        when=f"{found['lastUpdatedDateTime']:%Y-%m-%d}" if "lastUpdatedDateTime" in found else "",
    )


def _place(found: Any, access: S3Access | None) -> tuple[str, str | None] | None:
    path = _member(found, access.path_argument) if access else None
    if access is None or path is None:
        return None
    return str(path), _member(found, access.key_argument) if access.key_argument else None


def _member(found: Any, argument: str) -> Any:
    """Return an argument of the API's call from a description."""
    for name in argument.split("."):
        found = (found or {}).get(_field(name))
    return found


def _field(name: str) -> str:
    """Return an argument's name as boto3 spells it."""
    return name[0].lower() + name[1:]
