"""Looks at an account: dataset group by dataset group, so that a large one needs no more memory than a small one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .._access.report import AccessReport
from .asking import AbsentError, Account, DoctorError, NotAnsweredError
from .diagnosis import diagnose, unseen_group
from .gathering import AccountReader, gather
from .groups import Group, group_arns, read_group, read_jobs


@dataclass
class Section:
    """The report on one dataset group."""

    arn: str
    name: str
    report: AccessReport
    is_seen: bool = True
    """False if the dataset group itself can't be seen."""


def look(account: Account, wanted: Sequence[str], newest: int, progress: Callable[[str], None]) -> Iterator[Section]:
    """Yield the reports on dataset groups, each as soon as it is known.

    Raises:
        DoctorError: if it can't go on.
    """
    reader = AccountReader(account)
    for arn in group_arns(account, wanted):
        name = arn.rpartition("/")[2]
        progress(name)
        try:
            group = read_group(account, arn)
        except AbsentError:
            if wanted:
                raise DoctorError(
                    f"there is no dataset group {arn}: give the name or ARN of another one, or none"
                ) from None
            continue  # deleted since it was listed
        except NotAnsweredError as error:
            yield Section(arn, name, unseen_group(Group(arn, name, "", None, None), str(error)), is_seen=False)
            continue
        gathered = gather(reader, group, read_jobs(account, arn, newest))
        yield Section(arn, group.name, diagnose(gathered))
