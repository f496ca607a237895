"""Names and prefixes that are known at synth, and no earlier: the judge says what a constructor would have refused."""

from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.jobs import DatasetExportJob
from tests.life.conftest import GROUP, importing, synth_error

SCHEMA_ARN = "arn:aws:personalize:eu-west-1:111111111111:schema/s"
DATASET_ARN = "arn:aws:personalize:eu-west-1:111111111111:dataset/movies/INTERACTIONS"


@jsii.implements(cdk.IStableStringProducer)
class _Text:
    def __init__(self, text: str) -> None:
        self._text = text

    def produce(self) -> str:
        """Return the string."""
        return self._text


def late(text: str) -> str:
    """A string that the synth knows, and no constructor."""
    return cdk.Lazy.string(cast("cdk.IStableStringProducer", _Text(text)))


class App:
    """A construct, and a bucket whose name is known."""

    def __init__(self, stack: cdk.Stack) -> None:
        self.stack = stack
        self.encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
        self.bucket = s3.Bucket(stack, "Bucket", bucket_name="ratings")

    def at(self, prefix: str) -> S3Location:
        """A location in the bucket."""
        return S3Location(self.bucket, late(prefix))

    def export(self, prefix: str) -> None:
        """Allow exports to a folder."""
        self.encryption.allow(PersonalizeResource.dataset_export_job(self.at(prefix)))

    def dataset(self, **options: Any) -> None:
        """Add a dataset with its first import."""
        given = {"name": "ratings", "import_from": self.at("in/"), "dataset_type": "Interactions", **options}
        group = self.encryption.add_dataset_group("Movies", name="movies")
        self.encryption.add_dataset("Ratings", dataset_group=group, schema_arn=SCHEMA_ARN, **given)

    def job(self, **options: Any) -> None:
        """Add a state machine with a job."""
        job = DatasetExportJob(
            self.stack,
            "Export",
            encryption=self.encryption,
            dataset_arn=DATASET_ARN,
            destination=self.at("out/"),
            destination_path="today/",
            **options,
        )
        sfn.StateMachine(self.stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(job))


NO_NAME = "is not a name that Personalize takes"
LONG = "p" * 243 + "/"


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda app: app.export("out"), "its destination is s3://ratings/out, which is not a folder"),
        (lambda app: app.export("/out/"), "its destination has prefix /out/"),
        (lambda app: app.export("s3://ratings/out/"), "its destination has prefix s3://ratings/out/"),
        (lambda app: app.export("*/"), "its destination has prefix */, but '*', '?' and '${' are wildcards and"),
        (lambda app: app.encryption.allow(importing(app.bucket, late("a?"))), "its source has prefix a?, but '*', '?'"),
        (lambda app: app.encryption.allow(importing(app.bucket, late("${x}/"))), "its source has prefix ${x}/, but"),
        (lambda app: app.export(LONG), "its destination has a path of 257 characters but Personalize takes 256"),
        (lambda app: app.encryption.add_dataset_group("Movies", name=late("-movies")), f"-movies {NO_NAME}"),
        (lambda app: app.dataset(name=late("rat.ings"), import_job_name="load"), f"rat.ings {NO_NAME}"),
        (lambda app: app.dataset(import_job_name=late("j" * 64)), f"{'j' * 64} {NO_NAME}"),
        (lambda app: app.dataset(import_from=app.at(LONG)), "its source has a path of 257 characters but Personalize"),
        (lambda app: app.job(job_name=late("a b")), f"a b {NO_NAME}"),
        (
            lambda app: app.encryption.add_metric_attribution(
                "Clicks",
                dataset_group=app.encryption.add_dataset_group("Movies", name="movies"),
                name=late("clicks!"),
                metrics=[],
            ),
            f"clicks! {NO_NAME}",
        ),
    ],
)
def test_what_is_refused(app: cdk.App, concrete: cdk.Stack, build: Callable[[App], object], told: str) -> None:
    """In the same words."""
    build(App(concrete))
    assert told in synth_error(app)


def test_what_is_taken(app: cdk.App, concrete: cdk.Stack) -> None:
    """The longest names and paths, what the CLI has yet to look up, and what only the deployment knows."""
    made = App(concrete)
    made.export(f"{'f' * 230}{cdk.CfnParameter(concrete, 'Folder').value_as_string}/")
    made.dataset(name=late("r" * 63), import_job_name=late("0"), import_from=made.at(LONG[1:]))
    looked_up = ssm.StringParameter.value_from_lookup(concrete, "/movies")
    made.encryption.add_dataset_group("Others", name=looked_up)
    app.synth()
