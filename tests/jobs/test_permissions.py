"""The permissions of the role of a state machine, when it starts jobs."""

import json

from embedded_aws import EmbeddedAws
from tests.jobs.least import with_one_thing_less
from tests.jobs.movies import Movies, deployed


def test_the_role_of_the_machine_has_nothing_too_much(aws: EmbeddedAws, movies: Movies) -> None:
    """With all of it the jobs run; without any one action or resource they don't."""
    night = deployed(aws, movies, movies.importing(tags={"team": "movies"}), movies.recommending())
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
    assert tried == 14
