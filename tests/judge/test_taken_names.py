"""One class for several environments in one account and Region: two may not have one name."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, S3Location
from tests.judge.apps import failure, new_app, told

ENV = cdk.Environment(account="111122223333", region="eu-west-1")


class Movies(cdk.Stack):
    """A dataset group with a dataset and its first import; what isn't given has the same name in each."""

    def __init__(
        self, scope: Any, id: str, *, group: str = "movies", schema: str = "movies", job: str | None = None
    ) -> None:
        super().__init__(scope, id, env=ENV)
        encryption = PersonalizeEncryption(self, "Encryption")
        encryption.add_dataset(
            "Ratings",
            dataset_group=encryption.add_dataset_group("Movies", name=group),
            schema_arn=personalize.CfnSchema(self, "Schema", name=schema, schema="{}").attr_schema_arn,
            name="ratings",
            dataset_type="Interactions",
            import_from=S3Location(s3.Bucket(self, "Data"), "import/"),
            import_job_name=job,
        )


@pytest.mark.parametrize("in_stages", [True, False], ids=["stages", "stacks"])
@pytest.mark.parametrize(
    ("dev", "prod", "places"),
    [
        ({"group": "dev", "schema": "dev"}, {"group": "prod", "schema": "prod"}, []),
        ({"schema": "dev"}, {"schema": "prod"}, ["Encryption/Movies", "Encryption/Ratings"]),
        ({"group": "dev"}, {"group": "prod"}, ["Schema"]),
        (
            {"group": "dev", "schema": "dev", "job": "load"},
            {"group": "prod", "schema": "prod", "job": "load"},
            ["Encryption/Ratings"],
        ),
    ],
    ids=["all names differ", "one dataset group", "one schema", "one import job"],
)
def test_two_environments(
    dev: dict[str, Any], prod: dict[str, Any], places: list[str], in_stages: bool, tmp_path: Path
) -> None:
    """The second deployment would fail, so the synth does; the default name of an import job is another one in each."""
    app = new_app(tmp_path)
    for name, given in (("Dev", dev), ("Prod", prod)):
        Movies(cdk.Stage(app, name) if in_stages else app, "Main" if in_stages else name, **given)
    assert bool(failure(app.synth)) is bool(places)
    stacks = ("Dev/Main", "Prod/Main") if in_stages else ("Dev", "Prod")
    found = [f"{stack}/{place}" for stack in stacks for place in places]
    assert {place for _, _, place in told(app)} == ({""} if places and in_stages else {*found})
    report = Path(app.outdir) / "validation-report.json"
    assert all(place in report.read_text() for place in found)
    # The message begins with them.
    assert not any(f"(needed by {place}" in report.read_text() for place in found)


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_dataset_group_by_hand_in_another_stage(ours_first: bool, tmp_path: Path) -> None:
    """It has the name of ours, wherever it stands; two of others are no business of the judge."""
    app = new_app(tmp_path)
    for name in ("Dev", "Prod", "Test"):
        stack = cdk.Stack(cdk.Stage(app, name), "Main", env=ENV)
        if name == ("Dev" if ours_first else "Prod"):
            PersonalizeEncryption(stack, "Encryption").add_dataset_group("Movies", name="movies")
        elif name != "Test":
            personalize.CfnDatasetGroup(stack, "Movies", name="movies")
        personalize.CfnSchema(stack, "Schema", name="movies", schema="{}")
    assert failure(app.synth)
    ours, other = ("Dev", "Prod") if ours_first else ("Prod", "Dev")
    assert {place for _, _, place in told(app)} == {""}
    text = (Path(app.outdir) / "validation-report.json").read_text()
    assert f"{ours}/Main/Encryption/Movies" in text
    assert f"{other}/Main/Movies" in text
