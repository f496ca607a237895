"""Policies changed one at a time, and a job under each: does Personalize send what a condition asks for?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from integ.account import Aws, Deployed, Patience

PERSONALIZE = "personalize.amazonaws.com"
# A hundred interactions: AWS trains with a thousand, and imports fewer.
DATA = "USER_ID,ITEM_ID,TIMESTAMP\n" + "".join(f"u{n % 10},i{n},{1_700_000_000 + n}\n" for n in range(100))

Condition = dict[str, Any] | None
"""The condition of the statements for the service; none for no such statement."""


@dataclass(frozen=True)
class Experiment:
    """One change of the policies."""

    name: str
    where: str
    """``"key"`` for both keys, ``"bucket"`` for the bucket, or nothing for no change."""
    asks_for: str
    """The condition key, or ``"no statement"``, or nothing."""

    def condition(self, aws: Aws, partition: str) -> Condition:
        """Return what the statements for the service require."""
        source_arn = f"arn:{partition}:personalize:{aws.region}:{aws.account}:*"
        return {
            "aws:SourceAccount": {"StringEquals": {"aws:SourceAccount": aws.account}},
            "aws:SourceArn": {"ArnLike": {"aws:SourceArn": source_arn}},
        }.get(self.asks_for)


EXPERIMENTS = (
    Experiment("as the library writes it", "", ""),
    *(
        Experiment(f"{where}: {asks_for}", where, asks_for)
        for where in ("key", "bucket")
        for asks_for in ("aws:SourceAccount", "aws:SourceArn", "no statement")
    ),
)


@dataclass(frozen=True)
class Outcome:
    """The result of a job."""

    experiment: Experiment
    job: str
    worked: bool
    reason: str = ""


def run(aws: Aws, deployed: Deployed, patience: Patience, tell: Callable[[str], None]) -> list[Outcome]:
    """Run an import under each change, and an export as the library has it."""
    aws.client("s3").put_object(Bucket=deployed.bucket, Key="import/data.csv", Body=DATA.encode())
    found = []
    for number, experiment in enumerate(EXPERIMENTS):
        with changed(aws, deployed, experiment, patience):
            for job in ("import",) if number else ("import", "export"):
                tell(f"{job} job: {experiment.name}")
                found.append(_job(aws, deployed, experiment, job, f"integ-{job}-{number}-{time.time_ns()}", patience))
    return found


@contextmanager
def changed(aws: Aws, deployed: Deployed, experiment: Experiment, patience: Patience) -> Iterator[None]:
    """Change the policies, and put them back as they were."""
    kms, s3 = aws.client("kms"), aws.client("s3")
    undo: list[Callable[[], Any]] = []
    condition = experiment.condition(aws, deployed.key.split(":")[1])
    try:
        for key in (deployed.key, deployed.data_key) if experiment.where == "key" else ():
            whole = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
            undo.append(lambda key=key, whole=whole: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=whole))  # type: ignore[misc]
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=_with(whole, condition))
        if experiment.where == "bucket":
            whole = s3.get_bucket_policy(Bucket=deployed.bucket)["Policy"]
            undo.append(lambda: s3.put_bucket_policy(Bucket=deployed.bucket, Policy=whole))
            s3.put_bucket_policy(Bucket=deployed.bucket, Policy=_with(whole, condition))
        if undo:
            time.sleep(patience.for_policies)
        yield
    finally:
        for put_back in undo:
            put_back()
        if undo:
            time.sleep(patience.for_policies)


def _with(policy: str, condition: Condition) -> str:
    document = json.loads(policy)
    kept = []
    for statement in document["Statement"]:
        if statement["Effect"] != "Allow" or statement.get("Principal") != {"Service": PERSONALIZE}:
            kept.append(statement)
        elif condition is not None:
            kept.append({**statement, "Condition": condition})
    return json.dumps({**document, "Statement": kept})


def _job(aws: Aws, deployed: Deployed, experiment: Experiment, job: str, name: str, patience: Patience) -> Outcome:
    personalize = aws.client("personalize")
    common = {"jobName": name, "datasetArn": deployed.dataset, "roleArn": deployed.role}
    try:
        if job == "import":
            source = {"dataLocation": f"s3://{deployed.bucket}/import/data.csv"}
            arn = personalize.create_dataset_import_job(**common, dataSource=source)["datasetImportJobArn"]
        else:
            place = {"path": f"s3://{deployed.bucket}/export/", "kmsKeyArn": deployed.data_key}
            output = {"s3DataDestination": place}
            created = personalize.create_dataset_export_job(**common, jobOutput=output, ingestionMode="ALL")
            arn = created["datasetExportJobArn"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidInputException":
            raise
        return Outcome(experiment, job, False, str(error.response["Error"]["Message"]))
    while True:
        if job == "import":
            found = personalize.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"]
        else:
            found = personalize.describe_dataset_export_job(datasetExportJobArn=arn)["datasetExportJob"]
        if found["status"] in ("ACTIVE", "CREATE FAILED"):
            return Outcome(experiment, job, found["status"] == "ACTIVE", str(found.get("failureReason") or ""))
        time.sleep(patience.between_looks)
