"""Subclasses have members of their own, whatever these are called."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, S3Location
from personalize_kms_constructs.jobs import DatasetImportJob
from tests.life.conftest import GROUP, KEY_ARN
from tests.policies import template

# Of ours, now or once, and what else people are likely to use.
MEMBERS = (
    *(
        "added",
        "here",
        "key",
        "made",
        "make_key",
        "make_role",
        "manage",
        "removal_policy",
        "set_tags",
        "wiring",
    ),
    *("end", "make_states", "resources", "role", "start", "state", "states", "tags"),
)
ARN = "arn:aws:personalize:eu-west-1:111111111111:dataset/movies/INTERACTIONS"


def with_members(kind: type) -> type:
    """A subclass that has all of these members, in the class and in the object."""

    def begin(self: Any, *args: Any, **props: Any) -> None:
        for name in MEMBERS:
            setattr(self, f"_{name}", "mine")
        kind.__init__(self, *args, **props)  # type: ignore[misc]
        for name in MEMBERS:
            setattr(self, f"_{name}", "mine")

    return type(
        f"My{kind.__name__}",
        (kind,),
        {"__init__": begin, **{f"_{name}": "mine" for name in MEMBERS}},
    )


def everything(encryption_type: Any, job_type: Any, key_arn: str | None) -> Any:
    """The template of a stack with all that the construct and a job make."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
    given = (
        {} if key_arn is None else {"encryption_key": kms.Key.from_key_arn(stack, "Key", key_arn)}
    )
    how = ImportedKeyPolicy.MANAGED if given else ImportedKeyPolicy.PENDING
    encryption = encryption_type(
        stack, "Encryption", resources=[GROUP], imported_key_policy=how, **given
    )
    data = S3Location(s3.Bucket(stack, "Data"), "import/")
    encryption.add_dataset_group("Movies", name="movies", tags={"team": "movies"})
    encryption.on_key_access_changed("Changed")
    encryption.output_pending_statements()
    job = job_type(stack, "Import", encryption=encryption, dataset_arn=ARN, source=data)
    sfn.StateMachine(stack, "Nightly", definition_body=sfn.DefinitionBody.from_chainable(job))
    return template(stack)


@pytest.mark.parametrize("key_arn", [None, KEY_ARN], ids=["a key of its own", "MANAGED"])
def test_a_subclass_has_members_of_its_own(key_arn: str | None) -> None:
    """No member replaces ours, and ours replace none of the subclass."""
    mine = with_members(PersonalizeEncryption), with_members(DatasetImportJob)
    assert everything(*mine, key_arn) == everything(
        PersonalizeEncryption, DatasetImportJob, key_arn
    )
