"""Looks at an account: dataset group by dataset group, so that a large one needs no more memory than a small one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import boto3
from botocore.exceptions import BotoCoreError

from .asking import Account
from .check import Check, Status
from .diagnosis import diagnose
from .errors import AbsentError, DoctorError, NotAnsweredError, explained
from .facts import Facts, Reader, gather
from .groups import Group, Jobs, group_arns, read_group, read_jobs
from .output import Json, Markdown, Summary, Text


def connect(profile: str | None, region: str | None) -> Account:
    """Return an account that answers.

    Raises:
        DoctorError: without credentials or a Region, or if AWS doesn't take the credentials.
    """
    try:
        session = boto3.session.Session(profile_name=profile, region_name=region)
        if not session.region_name:
            raise DoctorError("there is no Region: give --region, or set AWS_REGION")
        return Account(session, session.region_name)
    except BotoCoreError as error:
        raise explained(error) from error
    except NotAnsweredError as error:
        raise DoctorError(f"who you are can't be asked: {error}") from error


def look(
    account: Account,
    wanted: Sequence[str],
    newest: int,
    report: Text | Json | Markdown,
    progress: Callable[[str], None],
) -> Summary:
    """Look at dataset groups, and write the report on each as soon as it is known.

    Raises:
        DoctorError: if it can't go on.
    """
    reader, summary = Reader(account), Summary(account)
    begun = False
    try:
        for arn in group_arns(account, wanted):
            progress(arn.rpartition("/")[2])
            found = _look_at(reader, arn, newest, is_wanted=bool(wanted))
            if found is None:
                continue
            if not begun:
                report.begin(account)
                begun = True
            facts, checks = found
            summary.take(checks)
            report.group(facts, checks)
        if not begun:
            report.begin(account)
    except DoctorError as error:
        if begun:
            report.end(summary, str(error))
        raise
    report.end(summary)
    return summary


def _look_at(reader: Reader, arn: str, newest: int, *, is_wanted: bool) -> tuple[Facts, list[Check]] | None:
    account = reader.account
    try:
        group = read_group(account, arn)
    except AbsentError:
        if is_wanted:
            raise DoctorError(
                f"there is no dataset group {arn}: give the name or ARN of another one, or none"
            ) from None
        return None  # deleted since it was listed
    except NotAnsweredError as error:
        facts = Facts(Group(arn, arn.rpartition("/")[2], "", None, None), Jobs([]))
        because = str(error)
        return facts, [
            Check("dataset-group-state", Status.UNDECIDED, "dataset group", arn, "it can't be seen", because=because)
        ]
    facts = gather(reader, group, read_jobs(account, arn, newest))
    return facts, diagnose(facts, account.region)
