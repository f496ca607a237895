"""An embedded AWS for the test process, and a scenario that allows all Personalize asks for."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws import EmbeddedAws
from tests.embedded_aws.scenario import Scenario


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
