"""Fixtures for the tests of the jobs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest

from embedded_aws import EmbeddedAws
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


@pytest.fixture(scope="session")
def embedded_aws() -> Iterator[EmbeddedAws]:
    """A server for all deployments of a test process."""
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def aws(embedded_aws: EmbeddedAws) -> EmbeddedAws:
    """An AWS with nothing in it."""
    embedded_aws.reset()
    return embedded_aws
