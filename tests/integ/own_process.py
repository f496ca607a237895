"""``python -m integ`` with the templates in a file, little patience and no CLI, to be killed."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3

import integ.__main__
import integ.options
import integ.steps
from tests.integ.conftest import AT_ONCE, RUN, without_cli


def deploy_quickly(verb: str, stack: str, *_: str, **__: Any) -> None:
    run = stack.rpartition("-")[0]
    # Names of roles are cut.
    templates = text.replace(RUN, run).replace(RUN[:-1], run[:-1])
    without_cli(SimpleNamespace(client=boto3.client), json.loads(templates))(verb, stack)


if __name__ == "__main__":
    file = Path(sys.argv.pop(1))
    text = file.read_text("utf-8")
    os.chdir(file.parent)
    vars(integ.steps).update(cdk=deploy_quickly)
    vars(integ.__main__).update(cdk=deploy_quickly)
    vars(integ.options).update(Patience=lambda _: AT_ONCE)
    sys.exit(integ.__main__.main())
