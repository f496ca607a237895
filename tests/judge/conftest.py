"""The stack of these tests."""

import aws_cdk as cdk
import pytest

from tests.judge.apps import ENV


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    """In the app that is judged, its account and Region known."""
    return cdk.Stack(app, "Main", env=ENV)
