"""Fixtures for the tests of the jobs."""

from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest

from tests.jobs.machines import Data

if TYPE_CHECKING:
    from tests.jobs.movies import Movies


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    """A stack of the embedded AWS's account and Region."""
    return cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region="eu-west-1"))


@pytest.fixture
def data(stack: cdk.Stack) -> Data:
    return Data.of(stack)


@pytest.fixture
def movies(stack: cdk.Stack) -> "Movies":
    # Imported here: what is only synthesized needs no boto3.
    from tests.jobs.movies import Movies

    return Movies(stack)
