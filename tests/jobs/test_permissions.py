"""The permissions of the role of a state machine, when it starts jobs."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Movies, deployed


def test_the_role_of_the_machine_has_nothing_too_much(aws: EmbeddedAws, movies: Movies) -> None:
    """The job runs with the whole policy, and fails without any single action or resource."""
    night = deployed(aws, movies, movies.importing(tags={"team": "movies"}))
    assert night.run().status == "SUCCEEDED"
    iam = aws.client("iam")
    (name,) = iam.list_role_policies(RoleName=night.role)["PolicyNames"]
    whole = iam.get_role_policy(RoleName=night.role, PolicyName=name)["PolicyDocument"]
    tried = 0
    for what, less in with_one_thing_less(whole):
        iam.put_role_policy(RoleName=night.role, PolicyName=name, PolicyDocument=json.dumps(less))
        end = night.run()
        assert (end.status, end.error) == ("FAILED", "Personalize.PersonalizeException"), what
        assert "is not authorized to perform" in end.cause, what
        tried += 1
    assert tried == 8


def with_one_thing_less(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The policy without an action of a statement or without a resource, and a name for it."""
    for number, statement in enumerate(document["Statement"]):
        for field in ("Action", "Resource"):
            values = statement[field] if isinstance(statement[field], list) else [statement[field]]
            for value in values:
                less = copy.deepcopy(document)
                rest = [other for other in values if other != value]
                if rest:
                    less["Statement"][number][field] = rest
                else:
                    del less["Statement"][number]
                yield f"{'/'.join(_list(statement['Action']))} without {value}", less


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
