"""State machines of job fragments, as they are synthesized."""

import json
from dataclasses import dataclass
from inspect import signature
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import asl
from personalize_kms_constructs import PersonalizeEncryption, S3Location
from tests.policies import resources

DATASET = "arn:aws:personalize:eu-west-1:111111111111:dataset/movies/INTERACTIONS"
SOLUTION = "arn:aws:personalize:eu-west-1:111111111111:solution/recommend"
VERSION = f"{SOLUTION}/0a1b2c3d"
GROUP = "arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies"
FILTER = "arn:aws:personalize:eu-west-1:111111111111:filter/seen"


@dataclass(frozen=True)
class Data:
    """The data of the jobs: a bucket with a key of its own, and a bucket without a key."""

    encryption: PersonalizeEncryption
    encrypted: s3.Bucket
    plain: s3.Bucket

    @classmethod
    def of(cls, stack: cdk.Stack) -> "Data":
        """In this stack."""
        encrypted = s3.Bucket(stack, "Encrypted", encryption_key=kms.Key(stack, "DataKey"))
        return cls(PersonalizeEncryption(stack, "Encryption"), encrypted, s3.Bucket(stack, "Plain"))

    def at(self, prefix: str) -> S3Location:
        """A place in the bucket with a key."""
        return S3Location(self.encrypted, prefix)

    def unencrypted(self, prefix: str) -> S3Location:
        """A place in the bucket without a key."""
        return S3Location(self.plain, prefix)


def job(data: Data, kind: Any, id: str = "Job", **options: Any) -> Any:
    """A job of this kind with all arguments, from ``in/`` to ``out/`` in an encrypted bucket."""
    given = {
        "encryption": data.encryption,
        "dataset_arn": DATASET,
        "solution_version_arn": VERSION,
        "dataset_group_arn": GROUP,
        "source": data.at("in/"),
        "destination": data.at("out/"),
    }
    takes = signature(kind.__init__).parameters
    return kind(
        cdk.Stack.of(data.encryption),
        id,
        **{name: given[name] for name in given if name in takes} | options,
    )


def states(data: Data, kind: Any, **options: Any) -> dict[str, Any]:
    """The states of a machine that runs a job of this kind."""
    stack = cdk.Stack.of(data.encryption)
    machine(stack, job(data, kind, **options))
    return dict(definition(stack)["States"])


def refusal(data: Data, kind: Any, **options: Any) -> str:
    """Why a job of this kind is refused, behind its path."""
    with pytest.raises(ValueError, match=r"^Stack/Job: ") as refused:
        job(data, kind, **options)
    return str(refused.value).removeprefix("Stack/Job: ")


def machine(stack: cdk.Stack, *fragments: sfn.IChainable, **options: Any) -> sfn.StateMachine:
    """A state machine that runs these one after the other."""
    chain = sfn.Chain.start(fragments[0])
    for fragment in fragments[1:]:
        chain = chain.next(fragment)
    return sfn.StateMachine(
        stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(chain), **options
    )


def definition(stack: cdk.Stack) -> dict[str, Any]:
    """The valid definition of the only state machine, with ``<Bucket>`` and ``<Key.Arn>`` in it."""
    (state_machine,) = resources(stack, "AWS::StepFunctions::StateMachine").values()
    read = dict(json.loads(text(state_machine["Properties"]["DefinitionString"])))
    assert asl.problems(json.dumps(read).replace("<AWS::Partition>", "aws")) == []
    return read


def machine_policy(stack: cdk.Stack) -> list[dict[str, Any]]:
    """The statements of the state machine's role, likewise."""
    (policy,) = [
        policy
        for name, policy in resources(stack, "AWS::IAM::Policy").items()
        if name.startswith("MachineRole")
    ]
    return [
        readable(statement) for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def allow(action: Any, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def text(value: Any) -> str:
    """A string of the template, with names in angle brackets for references."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        return str(argument[0].join(text(part) for part in argument[1]))
    if function == "Ref":
        return f"<{argument}>"
    if function == "Fn::GetAtt":
        return f"<{'.'.join(argument)}>"
    return json.dumps(value)


def readable(value: Any) -> Any:
    """A value of the template, with all strings so."""
    if isinstance(value, list):
        return [readable(entry) for entry in value]
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in ("Ref", "Fn::Join", "Fn::GetAtt", "Fn::Select"):
            return text(value)
        return {key: readable(entry) for key, entry in value.items()}
    return value
