"""What somebody has to know before it begins."""

from __future__ import annotations

from math import ceil

from integ.account import PREFIX, Context
from integ.experiments import DATA, EXPERIMENTS, GROUP, IMPORT, INTERACTIONS
from integ.take_down import take_down_command

PERMISSIONS = """\
  cloudformation:DeleteStack, DescribeStackEvents, DescribeStackResources, DescribeStacks
  cloudtrail:LookupEvents
  iam:PassRole on the stack's role, to personalize.amazonaws.com
  kms:GenerateDataKey, GetKeyPolicy, PutKeyPolicy on the stack's keys
  personalize:CreateDatasetExportJob, CreateDatasetGroup, CreateDatasetImportJob,
    DeleteDatasetGroup, DescribeDatasetExportJob, DescribeDatasetGroup, DescribeDatasetImportJob,
    ListDatasetExportJobs, ListDatasetGroups, ListDatasetImportJobs
  s3:DeleteObject, GetBucketPolicy, ListBucket, PutBucketPolicy, PutObject on the stack's bucket
  sts:AssumeRole on the roles of the bootstrap (cdk-*), which deploy and delete the stack;
  and those of `personalize-kms doctor`, which only read: docs/how-to/doctor.md"""


def beforehand(context: Context, stack: str) -> str:
    """Return what will be made, and what that costs, takes, needs and leaves."""
    kinds = [kind for experiment in EXPERIMENTS for kind in experiment.creates]
    groups, imported = kinds.count(GROUP), kinds.count(IMPORT) * len(DATA)
    changes = len([experiment for experiment in EXPERIMENTS if experiment.where])
    aws, patience = context.aws, context.patience
    hours, hours_down = patience.for_all / 3600, patience.for_taking_down / 3600
    minutes = (2 * changes * patience.for_policies + patience.for_trail) / 60
    cents = ceil(200 * (hours + hours_down) / (28 * 24))  # two keys, in the shortest month
    text = f"""\
This tries in an AWS account what AWS doesn't document of Personalize and KMS keys.

WHERE
  Account {aws.account}, Region {aws.region}. It has to be bootstrapped (`cdk bootstrap`).
MAKES
  The stack {stack}: two KMS keys, a bucket, a role with its policies, a schema,
  a dataset group, and a dataset of {INTERACTIONS} interactions that are made up.
  Then, one after the other, {len(kinds) - groups} import and export jobs, and {groups} dataset
  groups, {stack}-0 and so on, each deleted at once. {changes} times it changes a policy of
  these keys or this bucket in between, and changes it back: each change only takes access
  from Personalize. It trains nothing, changes nothing else in the account, and deletes
  everything at the end. Nothing has tags: if a policy requires tags, the deployment fails.
ALARMS may go off: the deletion of two keys is scheduled, PutKeyPolicy and PutBucketPolicy are
  called about {2 * changes + 3} times, and the keys don't rotate. Give those who watch the
  stack's name.
COSTS
  A key costs $1 a month, by the hour, until its deletion is scheduled. After that it waits
  for seven days and costs nothing (https://aws.amazon.com/kms/pricing/): for both keys
  {cents} cents at most, but $2 a month if they are left.
  Personalize charges for each GB that is imported (https://aws.amazon.com/personalize/pricing/),
  here {imported // 1000} kB in all; S3 and KMS charge for some hundred requests. No bound is
  known for these: nobody has told of a run.
TAKES
  {minutes:.0f} minutes of waiting for policies and CloudTrail, and what Personalize takes for
  each job. AWS doesn't say how long that is: expect hours. {hours:g} hours after its start it
  stops, whatever it waits for (HOURS=), and takes everything down, for at most {hours_down:g}
  hours more. While the computer sleeps this clock stands still.
CREDENTIALS have to last as long: use a profile that renews itself, not exported keys. Before the
  question they are used for sts:GetCallerIdentity and cloudformation:DescribeStacks. `make integ`
  begins with `make setup`, which installs packages: run `make setup` without credentials first.
NEEDS
{PERMISSIONS}
QUOTAS
  Room in the Region for two keys, a bucket, a role, a schema, a dataset, two dataset groups at
  a time, and one of five import jobs (https://docs.aws.amazon.com/personalize/latest/dg/limits.html).
  It tries again for a minute or two, and then ends.
CONTROL POLICIES of your organization (SCPs, RCPs) can spoil it, and nothing shows them before:
  if they deny something to Personalize or the role, it ends after the first jobs, or a denial
  in the file is theirs; if they deny you kms:PutKeyPolicy or s3:PutBucketPolicy, it ends before
  the first job; if they deny the bootstrap's role kms:ScheduleKeyDeletion, the keys stay, and cost.
  docs/how-to/operate.md has more.
IF IT IS KILLED, or its credentials expire, as temporary ones do, what it MAKES is left.
  After Ctrl-C, a failure, or the end of its time it takes everything down, and names what it
  couldn't. This takes it away, at any time:
    {take_down_command(context, stack)}
  If it is killed during `cdk deploy`, that may go on: look for a process `cdk` before.
  The template stays in the bucket of the bootstrap, and CloudTrail keeps its events.
WRITES
  {stack}.jsonl, in this folder, which you can send to others:
  what became of each job, in Personalize's words; the calls of KMS by Personalize and the role,
  from CloudTrail; and the doctor's report. It has the account's id, ARNs of what is made here,
  and no credentials. Read it first: errors may name you, your folders, and your organization's
  policies. docs/documented.md explains it.
"""
    for page in aws.client("cloudformation").get_paginator("describe_stacks").paginate():
        for name in [described["StackName"] for described in page["Stacks"]]:
            if name.startswith(PREFIX):
                command = take_down_command(context, name)
                text += f"\nAn earlier run has left the stack {name}, or is at work. This takes it "
                text += f"away:\n    {command}\n"
    return text
