"""What somebody has to know before it begins."""

from __future__ import annotations

from math import ceil

from integ.account import PREFIX, Context, stacks_of
from integ.steps import DATA, INTERACTIONS
from integ.take_down import take_down_command
from integ.variants import KEYS, VARIANTS

PERMISSIONS = """\
  cloudformation:DeleteStack, DescribeStackEvents, DescribeStackResources, DescribeStacks,
    DescribeType; cloudtrail:LookupEvents
  iam:PassRole on the stacks' roles, to personalize.amazonaws.com
  personalize:CreateDatasetExportJob, CreateDatasetImportJob, DescribeDatasetExportJob,
    DescribeDatasetImportJob, ListDatasetExportJobs, ListDatasetImportJobs
  kms:GenerateDataKey on the stacks' keys; s3:DeleteObject, ListBucket, PutObject on their buckets
  states:DescribeExecution, ListExecutions, StartExecution, StopExecution on the state machine
  sts:AssumeRole on the roles of the bootstrap (cdk-*), which deploy and delete the stacks;
  and those of `personalize-kms doctor`, which only read: docs/how-to/doctor.md"""


def beforehand(context: Context, run: str) -> str:
    """Return what will be made, and what that costs, takes, needs and leaves."""
    aws, patience = context.aws, context.patience
    hours, hours_down = patience.for_all / 3600, patience.for_taking_down / 3600
    count, imported = len(VARIANTS), len(VARIANTS) * len(DATA)
    cents = ceil(100 * count * (hours + hours_down) / (28 * 24))  # in the shortest month
    questions = "\n".join(f"  {variant.name}: {variant.question}" for variant in VARIANTS)
    text = f"""\
This tries in an AWS account what AWS doesn't document of Personalize and KMS keys:
{questions}

WHERE
  Account {aws.account}, Region {aws.region}. It has to be bootstrapped (`cdk bootstrap`).
MAKES
  The stack {run}-{KEYS} with {count - 2} KMS keys. Then, one after the other, {count}
  stacks, which end with the names above. Each has a bucket, a role, a schema, a dataset group and a
  dataset, and imports and exports {INTERACTIONS} made-up interactions. Two have a key; another one
  has a state machine, and a Lambda function that writes a key's policy. NoGrants and NoStatement
  have to fail. It trains nothing, changes nothing else, sets no tags, and deletes all at the end.
ALARMS may go off: the deletion of {count} keys is scheduled, PutKeyPolicy is called, stacks fail,
  and the keys don't rotate. Give those who watch the run's name.
COSTS
  A key costs $1 a month, by the hour, until its deletion is scheduled
  (https://aws.amazon.com/kms/pricing/): for all keys {cents} cents at most, but ${count} a month
  if they are left. Personalize charges for each GB that is imported
  (https://aws.amazon.com/personalize/pricing/), here {imported // 1000} kB; others charge for some
  hundred requests. No bound is known for these: nobody has told of a run.
TAKES
  What Personalize takes for {count} dataset groups and up to {2 * count} jobs, one after the other.
  AWS doesn't say how long: expect hours. {hours:g} hours after its start it stops, whatever it
  waits for (HOURS=), and takes everything down, for at most {hours_down:g} hours more.
CREDENTIALS have to last as long: use a profile that renews itself, not exported keys. Before the
  question they are used for sts:GetCallerIdentity and cloudformation:DescribeStacks. `make integ`
  begins with `make setup`, which installs packages: run `make setup` without credentials first.
NEEDS
{PERMISSIONS}
QUOTAS: room in the Region for {count} keys, buckets, roles, schemas, datasets and dataset groups,
  and for one of five import jobs (https://docs.aws.amazon.com/personalize/latest/dg/limits.html).
CONTROL POLICIES of your organization (SCPs, RCPs) can spoil it: a denial in the file may be theirs;
  if they deny the bootstrap's role kms:ScheduleKeyDeletion, the keys stay, and cost.
IF IT IS KILLED, or its credentials expire, as temporary ones do, what it MAKES is left.
  After Ctrl-C, a failure, or the end of its time it takes everything down, and names what it
  couldn't. This takes it away, at any time:
    {take_down_command(context, run)}
  If it is killed during `cdk deploy`, that may go on: look for a process `cdk` before.
  The templates stay in the bucket of the bootstrap, and CloudTrail keeps its events.
WRITES
  {run}.jsonl, in this folder, which can be published: what was tried, when,
  the versions, an answer to each question, AWS's words of each refusal, the calls of KMS, and the
  doctor's report, without ids of accounts and names of people. Read it first: docs/documented.md.
"""
    names = [stack["StackName"] for stack in stacks_of(aws, PREFIX)]
    for earlier in sorted({name.rpartition("-")[0] for name in names}):
        text += f"\nAn earlier run has left stacks {earlier}-…, or is at work. This takes it away:"
        text += f"\n    {take_down_command(context, earlier)}\n"
    return text
