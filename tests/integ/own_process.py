"""``python -m integ`` with little patience and without the CDK's CLI, for tests that kill it.

The first argument is a file with the template of a stack; its name there is replaced.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3

import integ.__main__
from integ.account import PREFIX, Patience
from tests.deploy.stacks import deploy

NAME = f"{PREFIX}0a1b2c3d"


def deploy_quickly(verb: str, *arguments: str, **_: Any) -> None:
    if verb == "deploy":
        stack = arguments[2]
        account: Any = SimpleNamespace(client=boto3.client)
        assert deploy(account, {stack: json.loads(template.replace(NAME, stack))}) == []


if __name__ == "__main__":
    template = Path(sys.argv.pop(1)).read_text("utf-8")
    vars(integ.__main__).update(cdk=deploy_quickly, Patience=lambda: Patience(0, 0, 0))
    sys.exit(integ.__main__.main())
