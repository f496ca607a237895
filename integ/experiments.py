"""Policies changed one at a time, and a job under each: does Personalize send what a condition asks for?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from integ.account import Aws, Deployed, Patience
from integ.creations import delete_group, ended

PERSONALIZE = "personalize.amazonaws.com"
# A hundred interactions: AWS trains with a thousand, and imports fewer.
DATA = "USER_ID,ITEM_ID,TIMESTAMP\n" + "".join(f"u{n % 10},i{n},{1_700_000_000 + n}\n" for n in range(100))

GROUP_KEY, DATA_KEY, BUCKET = "the dataset group's key", "the bucket's key", "the bucket"
NO_STATEMENT = "no statement"
REQUIRED = "SourceAccountCheck.REQUIRED"
GROUP, IMPORT, EXPORT = "dataset group", "import", "export"

Condition = dict[str, Any] | None
"""The condition of the statements for the service; none for no such statement."""


@dataclass(frozen=True)
class Experiment:
    """One change of one policy, and what is created under it."""

    where: str = ""
    """Whose policy is changed; nothing for no change."""
    asks_for: str = ""
    """The condition key, `REQUIRED` for both, or `NO_STATEMENT`."""
    creates: tuple[str, ...] = (IMPORT,)

    @property
    def name(self) -> str:
        """The experiment in a few words."""
        return f"{self.where}: {self.asks_for}" if self.where else "as the library writes it"

    def condition(self, aws: Aws, partition: str) -> Condition:
        """Return what the statements for the service require."""
        source_arn = f"arn:{partition}:personalize:{aws.region}:{aws.account}:*"
        account = {"StringEquals": {"aws:SourceAccount": aws.account}}
        source = {"ArnLike": {"aws:SourceArn": source_arn}}
        both = {"aws:SourceAccount": account, "aws:SourceArn": source, REQUIRED: {**account, **source}}
        return both.get(self.asks_for)


BASELINE = Experiment(creates=(GROUP, IMPORT, EXPORT))
# What fails under a change proves something only if it works without one, before and after.
EXPERIMENTS = (
    BASELINE,
    Experiment(GROUP_KEY, REQUIRED, (GROUP,)),
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


@dataclass(frozen=True)
class Outcome:
    """The result of a job, or of the creation of a dataset group."""

    experiment: Experiment
    created: str
    worked: bool
    reason: str
    began: datetime
    ended: datetime


def run(
    aws: Aws,
    deployed: Deployed,
    patience: Patience,
    tell: Callable[[str], None],
    keep: Callable[[Outcome], None],
) -> None:
    """Create what each experiment says, under its change, and keep each outcome at once."""
    aws.client("s3").put_object(Bucket=deployed.bucket, Key="import/data.csv", Body=DATA.encode())
    for number, experiment in enumerate(EXPERIMENTS):
        with changed(aws, deployed, experiment, patience):
            for what in experiment.creates:
                tell(f"{what}: {experiment.name}")
                keep(_outcome(aws, deployed, experiment, what, f"{deployed.stack}-{number}", patience))


@contextmanager
def changed(aws: Aws, deployed: Deployed, experiment: Experiment, patience: Patience) -> Iterator[None]:
    """Change a policy, and put it back as it was."""
    if not experiment.where:
        yield
        return
    read, put = _policy_of(aws, deployed, experiment.where)
    whole = read()
    put(_with(whole, experiment.condition(aws, deployed.key.split(":")[1])))
    try:
        time.sleep(patience.for_policies)
        yield
    finally:
        put(whole)
    time.sleep(patience.for_policies)


def _policy_of(aws: Aws, deployed: Deployed, where: str) -> tuple[Callable[[], str], Callable[[str], Any]]:
    if where == BUCKET:
        s3 = aws.client("s3")
        return (
            lambda: s3.get_bucket_policy(Bucket=deployed.bucket)["Policy"],
            lambda policy: s3.put_bucket_policy(Bucket=deployed.bucket, Policy=policy),
        )
    kms, default = aws.client("kms"), {"PolicyName": "default"}
    key = {GROUP_KEY: deployed.key, DATA_KEY: deployed.data_key}[where]
    return (
        lambda: kms.get_key_policy(KeyId=key, **default)["Policy"],
        lambda policy: kms.put_key_policy(KeyId=key, **default, Policy=policy),
    )


def _with(policy: str, condition: Condition) -> str:
    document = json.loads(policy)
    kept = []
    for statement in document["Statement"]:
        if statement["Effect"] != "Allow" or statement.get("Principal") != {"Service": PERSONALIZE}:
            kept.append(statement)
        elif condition is not None:
            kept.append({**statement, "Condition": condition})
    return json.dumps({**document, "Statement": kept})


def _outcome(aws: Aws, deployed: Deployed, experiment: Experiment, what: str, name: str, patience: Patience) -> Outcome:
    began = datetime.now(UTC)
    try:
        arn = _create(aws, deployed, what, name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidInputException":
            raise
        worked, reason = False, str(error.response["Error"]["Message"])
    else:
        found = ended(aws, arn, patience)
        worked, reason = found["status"] == "ACTIVE", str(found.get("failureReason") or "")
        if what == GROUP:
            delete_group(aws, arn, patience)
    return Outcome(experiment, what, worked, reason, began, datetime.now(UTC))


def _create(aws: Aws, deployed: Deployed, what: str, name: str) -> str:
    personalize = aws.client("personalize")
    if what == GROUP:
        group = {"name": name, "roleArn": deployed.role, "kmsKeyArn": deployed.key}
        return str(personalize.create_dataset_group(**group)["datasetGroupArn"])
    common = {"jobName": name, "datasetArn": deployed.dataset, "roleArn": deployed.role}
    if what == IMPORT:
        source = {"dataLocation": f"s3://{deployed.bucket}/import/data.csv"}
        return str(personalize.create_dataset_import_job(**common, dataSource=source)["datasetImportJobArn"])
    output = {"s3DataDestination": {"path": f"s3://{deployed.bucket}/export/", "kmsKeyArn": deployed.data_key}}
    created = personalize.create_dataset_export_job(**common, jobOutput=output, ingestionMode="ALL")
    return str(created["datasetExportJobArn"])
