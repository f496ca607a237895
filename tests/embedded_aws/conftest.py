"""An embedded AWS for the test process, and a scenario that allows all Personalize asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws import EmbeddedAws
from tests.embedded_aws.scenario import Scenario


@pytest.fixture(scope="session")
def running_aws() -> Iterator[EmbeddedAws]:
    """The server, once for a test process; under pytest-xdist each worker has its own."""
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def aws(running_aws: EmbeddedAws) -> EmbeddedAws:
    """The server with nothing in it."""
    running_aws.reset()
    return running_aws


@pytest.fixture
def scenario(aws: EmbeddedAws) -> Scenario:
    """A scenario in which everything is allowed."""
    return Scenario(aws)


@pytest.fixture
def refusal() -> Callable[..., tuple[str, str]]:
    """Calls a function and returns the error code and message it is refused with."""

    def refused(call: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            call(*args, **kwargs)
        error: Any = caught.value.response.get("Error")
        return error["Code"], error["Message"]

    return refused
