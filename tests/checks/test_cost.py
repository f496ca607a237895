"""The cost of a check and its report, in calls of functions: it grows no faster than the app."""

import cProfile
import pstats
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import check_assembly
from personalize_kms_check._model.report import AccessReport
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


def calls_to_check(directory: Path) -> int:
    """Return the number of functions that are called to check an assembly."""
    profile = cProfile.Profile()
    report = profile.runcall(check_assembly, directory)
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


def on_many_buckets(count: int) -> dict[str, Any]:
    """So many buckets with policies and jobs, and a role with a statement on all, as ours has."""
    arns = [f"arn:aws:s3:::ratings{number}" for number in range(count)]
    objects = [f"{arn}/in/*" for arn in arns]
    resources: dict[str, Any] = {
        "Read": managed(
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arns},
        )
    }
    for number, arn in enumerate(arns):
        name = f"ratings{number}"
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
        (in_one_bucket, 25, 4.2),
        # The statements on each bucket are asked about all others: a hundred buckets take a second.
        (on_many_buckets, 10, 5.5),
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
    one = calls_to_check(write(tmp_path / "few", stacks(few)))
    assert calls_to_check(write(tmp_path / "many", stacks(4 * few))) < most * one


def test_stages(tmp_path: Path) -> None:
    """Stages of one stack each, which are assemblies of their own."""

    def in_stages(count: int) -> Path:
        directory = tmp_path / str(count)
        names = [f"Stack{number}" for number in range(count)]
        return write(
            directory,
            {},
            stages={name: write(directory / name, {name: complete()}) for name in names},
        )

    few, many = calls_to_check(in_stages(10)), calls_to_check(in_stages(40))
    assert many < 4.2 * few


def test_reports(tmp_path: Path) -> None:
    """A report of so many findings, each with the names of the resources that it is about."""

    def calls_to_show(count: int) -> int:
        stacks = {
            f"Stack{number}": complete(Policy=policy(actions=["kms:Decrypt"]))
            for number in range(count)
        }
        report = check_assembly(write(tmp_path / str(count), stacks))
        assert len(report.missing) == 3 * count
        profile = cProfile.Profile()
        profile.runcall(AccessReport.to_text, report)
        return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]

    assert calls_to_show(40) < 4.2 * calls_to_show(10)
