"""Policies changed one at a time, and what Personalize says to a job under each of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from integ.account import Aws, Context
from integ.trail import PERSONALIZE
from integ.waiting import delete_group, ended

# An import job takes 1,000 at least
# (https://docs.aws.amazon.com/personalize/latest/dg/limits.html).
INTERACTIONS = 2000
DATA = "USER_ID,ITEM_ID,TIMESTAMP\n" + "".join(
    f"u{number % 50},i{number},{1_700_000_000 + number}\n" for number in range(INTERACTIONS)
)

GROUP_KEY, DATA_KEY, BUCKET = "the dataset group's key", "the bucket's key", "the bucket"
GROUP, IMPORT, EXPORT = "dataset group", "import", "export"
NO_STATEMENT = "no statement"
BOTH = "aws:SourceAccount and aws:SourceArn"

Deployed = Mapping[str, str]
"""The outputs of the stack."""


@dataclass(frozen=True)
class Experiment:
    """One change of one policy, and what is created under it."""

    where: str = ""
    """Whose policy is changed; nothing for no change."""
    asks_for: str = ""
    """What the statements for the service require, or `NO_STATEMENT`."""
    creates: tuple[str, ...] = (IMPORT,)

    @property
    def name(self) -> str:
        """The experiment in a few words."""
        return f"{self.where}: {self.asks_for}" if self.where else "as the library writes it"


BASELINE = Experiment(creates=(GROUP, IMPORT, EXPORT))
EXPERIMENTS = (
    BASELINE,
    Experiment(GROUP_KEY, BOTH, (GROUP,)),
    Experiment(GROUP_KEY, NO_STATEMENT, (GROUP, IMPORT)),
    Experiment(GROUP_KEY, "aws:SourceAccount"),
    Experiment(GROUP_KEY, "aws:SourceArn"),
    *(
        Experiment(where, asks_for)
        for where in (DATA_KEY, BUCKET)
        for asks_for in (NO_STATEMENT, "aws:SourceAccount", "aws:SourceArn")
    ),
    BASELINE,
)


class BaselineError(Exception):
    """It doesn't work as the library writes it: nothing would follow from what comes after."""


def run(context: Context, deployed: Deployed, keep: Callable[..., None]) -> None:
    """Create what each experiment says, under its change, and keep each outcome at once.

    Raises:
        BaselineError: if something fails under the policies of the library.
        ClientError: if AWS refuses anything for another reason than its input.
    """
    s3, bucket = context.aws.client("s3"), deployed["BucketName"]
    s3.put_object(Bucket=bucket, Key="import/data.csv", Body=DATA.encode())
    # Whoever may not change a policy learns it now, not after the first jobs.
    for where in (GROUP_KEY, DATA_KEY, BUCKET):
        read, put = _policy_of(context.aws, deployed, where)
        put(read())
    for number, experiment in enumerate(EXPERIMENTS):
        failures = []
        with changed(context, deployed, experiment):
            for kind in experiment.creates:
                what = f"{kind}, {experiment.name}"
                context.tell(what)
                name, began = f"{deployed['StackName']}-{number}", datetime.now(UTC)
                keep(creating=what, name=name, began=began)
                status, reason = _outcome(context, deployed, kind, name)
                keep(
                    created=what, status=status, reason=reason, began=began, ended=datetime.now(UTC)
                )
                context.tell(f"  {status} {reason}")
                if status != "ACTIVE":
                    failures.append(f"\n  {what}: {status} {reason}")
        if failures and not experiment.where:
            raise BaselineError(f"what the library writes isn't enough here:{''.join(failures)}")


@contextmanager
def changed(context: Context, deployed: Deployed, experiment: Experiment) -> Iterator[None]:
    """Change a policy, and put it back as it was."""
    if not experiment.where:
        yield
        return
    read, put = _policy_of(context.aws, deployed, experiment.where)
    whole = read()
    put(_with(whole, experiment.asks_for, context.aws))
    try:
        time.sleep(context.patience.for_policies)
        yield
    finally:
        put(whole)
    time.sleep(context.patience.for_policies)


def _policy_of(
    aws: Aws, deployed: Deployed, where: str
) -> tuple[Callable[[], str], Callable[[str], Any]]:
    if where == BUCKET:
        s3, bucket = aws.client("s3"), deployed["BucketName"]
        return (
            lambda: s3.get_bucket_policy(Bucket=bucket)["Policy"],
            lambda policy: s3.put_bucket_policy(Bucket=bucket, Policy=policy),
        )
    kms, default = aws.client("kms"), {"PolicyName": "default"}
    key = deployed[{GROUP_KEY: "KeyArn", DATA_KEY: "DataKeyArn"}[where]]
    return (
        lambda: kms.get_key_policy(KeyId=key, **default)["Policy"],
        lambda policy: kms.put_key_policy(KeyId=key, **default, Policy=policy),
    )


def _with(policy: str, asks_for: str, aws: Aws) -> str:
    """Return the policy with one more condition for the service, or without its statements."""
    partition = aws.client("kms").meta.partition
    condition = {}
    if "aws:SourceAccount" in asks_for:
        condition["StringEquals"] = {"aws:SourceAccount": aws.account}
    if "aws:SourceArn" in asks_for:
        arn = f"arn:{partition}:personalize:{aws.region}:{aws.account}:*"
        condition["ArnLike"] = {"aws:SourceArn": arn}
    document = json.loads(policy)
    kept = []
    for statement in document["Statement"]:
        if statement["Effect"] != "Allow" or statement.get("Principal") != {"Service": PERSONALIZE}:
            kept.append(statement)
        elif asks_for != NO_STATEMENT:
            conditions = {**statement.get("Condition", {}), **condition}
            kept.append({**statement, "Condition": conditions})
    return json.dumps({**document, "Statement": kept})


def _outcome(context: Context, deployed: Deployed, kind: str, name: str) -> tuple[str, str]:
    """Return the status of what is created, and Personalize's reason for it."""
    aws, patience = context.aws, context.patience
    try:
        arn = _create(aws, deployed, kind, name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidInputException":
            raise
        return "REFUSED", str(error.response["Error"]["Message"])
    description = ended(aws, arn, patience)
    if kind == GROUP:
        delete_group(aws, arn, patience)
    return description["status"], str(description.get("failureReason") or "")


def _create(aws: Aws, deployed: Deployed, kind: str, name: str) -> str:
    personalize, role = aws.client("personalize"), {"roleArn": deployed["RoleArn"]}
    if kind == GROUP:
        group = personalize.create_dataset_group(name=name, kmsKeyArn=deployed["KeyArn"], **role)
        return str(group["datasetGroupArn"])
    common = {"jobName": name, "datasetArn": deployed["DatasetArn"], **role}
    bucket = f"s3://{deployed['BucketName']}"
    if kind == IMPORT:
        source = {"dataLocation": f"{bucket}/import/data.csv"}
        job = personalize.create_dataset_import_job(**common, dataSource=source)
        return str(job["datasetImportJobArn"])
    destination = {"path": f"{bucket}/export/", "kmsKeyArn": deployed["DataKeyArn"]}
    output = {"s3DataDestination": destination}
    job = personalize.create_dataset_export_job(**common, jobOutput=output, ingestionMode="ALL")
    return str(job["datasetExportJobArn"])
