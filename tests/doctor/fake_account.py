"""An account with a dataset group, key, role and bucket: AWS's SDK, answered in this process."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from personalize_kms_check._account.account_report import look
from personalize_kms_check._account.asking import Account
from personalize_kms_check.matrix import ROWS, Permissions
from tests.doctor.findings import Finding, findings, should_have

Statements = list[dict[str, Any]]
Answer = str | Exception | dict[str, Any]
"""An error's code, an error of the SDK's, or what AWS answers."""

ACCOUNT, REGION = "111122223333", "eu-west-1"
GROUP = f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset-group/movies"
SOLUTION = f"arn:aws:personalize:{REGION}:{ACCOUNT}:solution/similar"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service/Reader"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BUCKET_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/9999abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0000abcd-12ab-34cd-56ef-1234567890ab"
BUCKET = "arn:aws:s3:::ratings"
DEAD, OTHER_DEAD = "AROADEADDEADDEADDEAD1", "AROADEADDEADDEADDEAD2"
DEAD_USER = "AIDADEADDEADDEADDEAD1"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/Admin"
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
SERVICE = {"Service": "personalize.amazonaws.com"}
BASE_4 = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
BASE_5 = ["kms:CreateGrant", *BASE_4]
EXPORT_6 = [*BASE_5, "kms:GenerateDataKeyWithoutPlaintext"]
DAY = datetime.now(UTC) - timedelta(days=30)
"""The time at which everything was made."""
OF_DAY = f"{DAY:%Y-%m-%d}"
"""What the names of jobs end with in reports."""


def allow(actions: list[str], principal: Any = None, resource: Any = "*") -> dict[str, Any]:
    """A statement."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return {**statement, "Principal": principal} if principal else statement


def trust(principal: Any, effect: str = "Allow") -> dict[str, Any]:
    """A statement of a trust policy."""
    return {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"}


class FakeAccount:
    """All is as AWS's pages ask; a test changes what it is about, or what AWS answers."""

    def __init__(self, partition: str = "aws", region: str = REGION) -> None:
        self.partition, self.region = partition, region
        self.group, self.role, self.bucket, self.key, *others = (
            arn.replace("arn:aws:", f"arn:{partition}:").replace(REGION, region)
            for arn in (GROUP, ROLE, BUCKET, KEY, BUCKET_KEY, OTHER_KEY)
        )
        of_key = [allow(EXPORT_6, {"AWS": self.role}), allow(EXPORT_6, SERVICE)]
        self.keys: dict[str, Statements] = dict.fromkeys((self.key, *others), of_key)
        self.trust = [trust(SERVICE)]
        s3 = ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]
        self.policies: dict[str, Statements] = {
            "P": [allow([*BASE_4, *s3, "cloudwatch:PutMetricData"])]
        }
        """The role's inline policies, by their names."""
        self.boundary: Statements | None = None
        self.bucket_policy = [allow(s3, SERVICE, [self.bucket, f"{self.bucket}/*"])]
        self.default_key: str | None = None
        """The bucket's, as S3 keeps it: an ARN, an id or an alias."""
        self.made: dict[str, list[dict[str, Any]]] = {row.noun: [] for row in ROWS}
        """Dataset groups, jobs and metric attributions as Personalize describes them."""
        described = {
            "name": "movies",
            "status": "ACTIVE",
            "kmsKeyArn": self.key,
            "roleArn": self.role,
        }
        self.made["DatasetGroup"].append({"datasetGroupArn": self.group, **described})
        self.instead: list[tuple[str, str, Answer]] = []
        """The answers set by ``answer``: the first that fits counts."""
        self.events: list[dict[str, Any]] = []
        """CloudTrail's, the latest first."""
        self.calls: Counter[str] = Counter()
        """The number of calls of each operation."""
        self._counting = Lock()

    @classmethod
    def with_each_kind(cls) -> FakeAccount:
        """An account with one job of each kind, and a metric attribution."""
        account = cls()
        for row in ROWS:
            if row.made_for:
                account.add(row, row.arn_type)
        return account

    def add(
        self,
        row: Permissions,
        name: str,
        *,
        role: str = "",
        source: tuple[str, str | None] = ("s3://ratings/in/", None),
        destination: tuple[str, str | None] = ("s3://ratings/out/", None),
        **more: Any,
    ) -> None:
        """Make a job or metric attribution by its row; a location has a path and a key."""
        description: dict[str, Any] = {
            "jobName" if row.is_job else "name": name,
            "status": row.finished,
        }
        description |= {f"{_field(row.noun)}Arn": f"{self.group}/{name}", "creationDateTime": DAY}
        description["lastUpdatedDateTime"] = DAY
        if row.made_for == "SolutionVersionArn":
            description["solutionVersionArn"] = f"{SOLUTION}/1a2b3c4d"
        _put(description, row.role_argument, role or self.role)
        for access, (path, key) in ((row.source, source), (row.destination, destination)):
            if access:
                _put(description, access.path_argument, path)
                if access.key_argument and key:
                    _put(description, access.key_argument, key)
        self.made[row.noun].append({**description, **more})

    def answer(self, operation: str, answer: Answer, about: str = "") -> None:
        """Set the answer to an operation, or to its calls with a word in their arguments."""
        self.instead.append((operation, about, answer))

    def client(self, service: str, region_name: str, config: Any = None) -> Any:
        """A client of AWS's SDK that asks this account, as of boto3's session."""
        client = _client(service)

        def answer(operation: str, arguments: dict[str, Any]) -> Any:
            model = client.meta.service_model.operation_model(operation)
            validate_parameters(arguments, model.input_shape)
            answered = self._answer(operation, arguments)
            _assert_known(
                model.output_shape,
                {name: answered[name] for name in answered if name != "ResponseMetadata"},
            )
            return answered

        client._make_api_call = answer
        return client

    def connect(self, *_: Any) -> Account:
        """The doctor's connection, whatever profile and Region are given."""
        session: Any = self
        return Account(session, self.region)

    def look(self, jobs: int = 10) -> Any:
        """The doctor's report, read from its JSON."""
        return json.loads(look(self.connect(), [], jobs).to_json())

    def written(self, *, quiet: bool = False) -> str:
        """The doctor's report as text for a terminal."""
        return look(self.connect(), [], 10).to_text(quiet=quiet)

    def notes(self) -> list[str]:
        """Notes of the report but that on objects, which all accounts with a bucket have."""
        return [note for note in self.look()["notes"] if "SSEKMSKeyId" not in note]

    def findings(self) -> list[Finding]:
        """All that isn't as it should be."""
        return findings(self.look())

    def bad(self) -> list[tuple[str, str, str]]:
        """Cause, status and subject of all that isn't as it should be."""
        return [(finding.cause, finding.status, finding.of) for finding in self.findings()]

    def finding(self) -> Finding:
        """The one thing that isn't as it should be."""
        (finding,) = self.findings()
        return finding

    def should_have(self) -> dict[tuple[str, str], list[Any]]:
        """The statements that policies should have, by kind and owner of the policy."""
        return should_have(self.look())

    def _answer(self, operation: str, arguments: dict[str, Any]) -> Any:
        with self._counting:
            self.calls[operation] += 1
        asked = json.dumps(arguments, default=str)
        answer: Answer | None = None
        for name, about, instead in self.instead:
            if name == operation and about in asked:
                answer = instead
                break
        if answer is None:
            answer = self._usual(operation, arguments)
        if isinstance(answer, str):
            raise ClientError({"Error": {"Code": answer, "Message": "so it says"}}, operation)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _usual(self, operation: str, arguments: dict[str, Any]) -> Answer:
        for row in ROWS:
            member, made = _field(row.noun), self.made[row.noun]
            if operation == f"List{row.noun}s":
                listed = (f"{member}Arn", "creationDateTime", "solutionVersionArn")
                summaries = []
                for entry in made:
                    summaries.append({name: entry[name] for name in listed if name in entry})
                return {f"{member}s": summaries}
            if operation == f"Describe{row.noun}":
                described = [entry for entry in made if arguments.items() <= entry.items()]
                return {member: described[0]} if described else "ResourceNotFoundException"
        match operation:
            case "GetCallerIdentity":
                return {"Account": ACCOUNT, "Arn": f"arn:{self.partition}:iam::{ACCOUNT}:user/me"}
            case "ListDatasets":
                return {"datasets": [{"datasetArn": "dataset"}]}
            case "ListSolutions":
                return {"solutions": [{"solutionArn": SOLUTION}]}
            case "DescribeKey":
                arn = arguments["KeyId"]
                return self.described_key(arn) if arn in self.keys else "NotFoundException"
            case "GetKeyPolicy":
                return {"Policy": json.dumps(document(self.keys[arguments["KeyId"]]))}
            case "GetRole":
                return {"Role": self.described_role()}
            case "ListRolePolicies":
                return {"PolicyNames": list(self.policies)}
            case "GetRolePolicy":
                return {"PolicyDocument": document(self.policies[arguments["PolicyName"]])}
            case "ListAttachedRolePolicies":
                return {"AttachedPolicies": []}
            case "GetPolicy":
                return {"Policy": {"DefaultVersionId": "v3"}}
            case "GetPolicyVersion":
                return {"PolicyVersion": {"Document": document(self.boundary or [])}}
            case "GetBucketLocation":
                return {"LocationConstraint": self.region}
            case "GetBucketPolicy":
                return {"Policy": json.dumps(document(self.bucket_policy))}
            case "GetBucketEncryption":
                default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.default_key}
                rules = (
                    [{"ApplyServerSideEncryptionByDefault": default}] if self.default_key else []
                )
                return {"ServerSideEncryptionConfiguration": {"Rules": rules}}
            case "LookupEvents":
                start = int(arguments.get("NextToken", 0))
                events = [
                    {"CloudTrailEvent": json.dumps(event)}
                    for event in self.events[start : start + 50]
                ]
                more = {"NextToken": str(start + 50)} if start + 50 < len(self.events) else {}
                return {"Events": events, **more}
        raise AssertionError(operation)

    def described_key(self, arn: str = KEY, **other: str) -> dict[str, Any]:
        """KMS's answer about a healthy key, with other values where they are given."""
        kind = {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS"}
        return {"KeyMetadata": {"Arn": arn, "KeyState": "Enabled", **kind, **other}}

    def described_role(self) -> dict[str, Any]:
        """IAM's answer about the role."""
        role: dict[str, Any] = {
            "Arn": self.role,
            "RoleId": "AROALIVINGLIVING",
            "AssumeRolePolicyDocument": document(self.trust),
        }
        if self.boundary is not None:
            arn = f"arn:{self.partition}:iam::{ACCOUNT}:policy/limits"
            role["PermissionsBoundary"] = {"PermissionsBoundaryArn": arn}
        return role


@cache
def _client(service: str) -> Any:
    session: Any = boto3.session.Session("fake", "fake", region_name=REGION)
    return session.client(service)


def document(statements: Statements) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _assert_known(shape: Any, answer: Any) -> None:
    """Assert that the API has the fields that are made up here."""
    if shape.type_name == "structure":
        for name, value in answer.items():
            _assert_known(shape.members[name], value)
    elif shape.type_name == "list":
        for value in answer:
            _assert_known(shape.member, value)


def _field(name: str) -> str:
    """Return the name of an argument as Personalize's answers spell it."""
    return name[0].lower() + name[1:]


def _put(description: dict[str, Any], argument: str, value: Any) -> None:
    """Put an argument of the API's call, such as ``JobInput.Path``, into a description."""
    *above, last = (_field(name) for name in argument.split("."))
    for name in above:
        description = description.setdefault(name, {})
    description[last] = value
