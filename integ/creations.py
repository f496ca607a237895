"""What Personalize creates in its own time, and whether it is done."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from integ.account import Aws, Patience


def ended(aws: Aws, arn: str, patience: Patience) -> Any:
    """Wait until a job or dataset group is no longer being created, and return its description."""
    while True:
        description = _describe(aws, arn)
        if description["status"] == "CREATE FAILED" or not description["status"].startswith(
            "CREATE "
        ):
            return description
        time.sleep(patience.between_looks)


def delete_group(aws: Aws, arn: str, patience: Patience) -> None:
    """Delete a dataset group, and wait until it is gone."""
    if not ended(aws, arn, patience)["status"].startswith("DELETE "):
        aws.client("personalize").delete_dataset_group(datasetGroupArn=arn)
    while True:
        try:
            _describe(aws, arn)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return
        time.sleep(patience.between_looks)


def _describe(aws: Aws, arn: str) -> Any:
    words = arn.split(":")[5].partition("/")[0].split("-")
    member = words[0] + "".join(word.capitalize() for word in words[1:])
    describe = getattr(aws.client("personalize"), f"describe_{'_'.join(words)}")
    return describe(**{f"{member}Arn": arn})[member]
