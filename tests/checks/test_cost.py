"""The cost of a check and its report, in calls of functions: it grows no faster than the app."""

from __future__ import annotations

import cProfile
import pstats
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs.checks import check_assembly
from tests.checks.templates import (
    bucket,
    bucket_policy,
    complete,
    dataset,
    dataset_group,
    key,
    managed,
    policy,
    reading,
    role,
    write,
)


def calls(directory: Path, stacks: dict[str, Any]) -> int:
    """Return the number of functions that are called to check an assembly of these stacks."""
    profile = cProfile.Profile()
    report = profile.runcall(check_assembly, write(directory, stacks))
    assert (report.missing, report.undecided, report.problems) == ((), (), ())
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def alone(count: int) -> dict[str, Any]:
    """Stacks that have nothing to do with each other."""
    return {f"Stack{number}": complete() for number in range(count)}


def on_one_key(count: int) -> dict[str, Any]:
    """Stacks that import one key, whose policy names the role of each."""
    roles = [f"arn:aws:iam::111122223333:role/role{number}" for number in range(count)]
    exported = {"Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": "key"}}}
    made = {"Roles": {"Value": "made", "Export": {"Name": "roles"}}}
    imported = {"Fn::ImportValue": "key"}
    of_roles = key(roles, Description={"Fn::ImportValue": "roles"})
    stacks: dict[str, Any] = {
        "Roles": {
            "Resources": {
                f"Role{number}": role(RoleName=f"role{number}") for number in range(count)
            },
            "Outputs": made,
        },
        "Security": {"Resources": {"Key": of_roles}, "Outputs": exported},
    }
    for number, arn in enumerate(roles):
        stack = complete(
            Policy=policy(imported, role=f"role{number}"), Movies=dataset_group(imported, arn)
        )
        del stack["Resources"]["Key"], stack["Resources"]["Role"]
        stacks[f"Stack{number}"] = stack
    return stacks


def in_one_template(count: int) -> dict[str, Any]:
    """A stack of so many dataset groups, each with its own key and role."""
    resources = {}
    for number in range(count):
        names = {name: f"{name}{number}" for name in ("Key", "Role", "Policy", "Movies")}
        of_key, of_role = (
            {"Fn::GetAtt": [names["Key"], "Arn"]},
            {"Fn::GetAtt": [names["Role"], "Arn"]},
        )
        resources[names["Key"]] = key(of_role)
        resources[names["Role"]] = role()
        resources[names["Policy"]] = policy(of_key, {"Ref": names["Role"]})
        group = resources[names["Movies"]] = dataset_group(of_key, of_role, names["Policy"])
        group["Properties"]["Name"] = f"movies{number}"
    return {"Main": {"Resources": resources}}


def on_conditions(count: int) -> dict[str, Any]:
    """A stack of so many conditions, each dependent on the last, with a resource for each."""
    template = complete(
        **{
            f"Topic{number}": {"Type": "AWS::SNS::Topic", "Condition": f"Is{number}"}
            for number in range(count)
        }
    )
    conditions = {
        f"Is{number}": {"Fn::Not": [{"Condition": f"Is{number - 1}"}]} for number in range(1, count)
    }
    template["Conditions"] = {"Is0": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}, **conditions}
    return {"Main": template}


def in_one_bucket(count: int) -> dict[str, Any]:
    """A stack of so many import jobs, each from its own folder, which the policies name."""
    one, read = bucket_policy("s3:GetObject"), reading()
    objects = [f"arn:aws:s3:::ratings/{number}/*" for number in range(count)]
    (of_service,), (of_role, _) = (
        resource["Properties"]["PolicyDocument"]["Statement"] for resource in (one, read)
    )
    of_role["Resource"] = objects
    of_service |= {
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::ratings", *objects],
    }
    datasets = {
        f"Dataset{number}": dataset(
            "One", "Read", path=f"s3://ratings/{number}/", job_name=f"load-{number}"
        )
        for number in range(count)
    }
    return {"Main": complete(Bucket=bucket(), One=one, Read=read, **datasets)}


def buckets_in_one_statement(count: int) -> dict[str, Any]:
    """Buckets with jobs; the role has a statement on all, and another on their objects."""
    names = [f"ratings{number}" for number in range(count)]
    arns = [f"arn:aws:s3:::{name}" for name in names]
    objects = [f"{arn}/in/*" for arn in arns]
    read = managed(
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arns},
    )
    resources: dict[str, Any] = {"Read": read}
    for name, arn in zip(names, arns, strict=True):
        resources[name] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}
        allow = bucket_policy("s3:GetObject", "s3:ListBucket", bucket=name)
        allow["Properties"]["PolicyDocument"]["Statement"][0]["Resource"] = [arn, f"{arn}/in/*"]
        resources[f"Allow{name}"] = allow
        job: Any = {"path": f"s3://{name}/in/", "job_name": f"load-{name}", "DatasetType": name}
        resources[f"Data{name}"] = dataset(f"Allow{name}", "Read", **job)
    return {"Main": complete(**resources)}


@pytest.mark.parametrize(
    ("stacks", "few", "most"),
    [
        (alone, 10, 4.2),
        (in_one_template, 10, 4.2),
        (on_conditions, 50, 4.2),
        (in_one_bucket, 25, 4.2),
        (buckets_in_one_statement, 10, 4.2),
        # Whether a key policy is about a role is asked for each role, of each principal that it
        # names. AWS's limit of 32 KiB leaves room for three hundred, which take 1.6 seconds.
        (on_one_key, 10, 5.2),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_cost_grows_with_the_app_and_not_faster(
    stacks: Any, few: int, most: float, tmp_path: Path
) -> None:
    """Four times the app is no more than four times the calls, and some for the start."""
    assert calls(tmp_path / "many", stacks(4 * few)) < most * calls(tmp_path / "few", stacks(few))
