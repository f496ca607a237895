"""``python -m integ`` with little patience and without the CDK's CLI, for tests that kill it.

The first argument is a file with the template of a stack; its name there is replaced.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3

import integ.__main__
import integ.run
from integ.account import PREFIX, Patience
from tests.deploy.stacks import deploy
from tests.integ.conftest import AT_ONCE

NAME = f"{PREFIX}0a1b2c3d"


def deploy_quickly(verb: str, *arguments: str, **_: Any) -> None:
    if verb == "deploy":
        stack = arguments[0]
        account: Any = SimpleNamespace(client=boto3.client)
        assert deploy(account, {stack: json.loads(template.replace(NAME, stack))}) == []


def impatient(seconds: float) -> Patience:
    return replace(AT_ONCE, for_all=seconds)


if __name__ == "__main__":
    file = Path(sys.argv.pop(1))
    template = file.read_text("utf-8")
    os.chdir(file.parent)
    vars(integ.run).update(cdk=deploy_quickly)
    vars(integ.__main__).update(Patience=impatient)
    sys.exit(integ.__main__.main())
