"""Keeps statements in the policy of a KMS key, as CloudFormation's custom resource asks for it.

`ManagedKeyPolicy` copies this file into templates as it is: it stands alone and imports what Lambda's Python has.

PutKeyPolicy replaces the whole policy, whatever it has become since the read. So the function reads again:

- A write lands within `WRITE_WITHIN` and the client's timeouts after its read, and undoes what others write meanwhile.
- Another function that wrote meanwhile is still waiting: `SETTLE` is that time and twice the 15 seconds for which a
  change may stay unseen, once by who undoes it and once by who looks. (Minutes are rare; no wait here covers them.) It
  finds its statements undone, and adds them to the new policy after a random time, or two would take turns for ever.
- The function is done when it has read the same policy twice, `SETTLE` apart, with all its statements in it. One read
  isn't enough: a third function that reads late could still put back what the next one undoes.
- A person in the console doesn't read again: an edit that a read didn't see can be lost. KMS offers no remedy.

Whoever may invoke a function decides on what it is asked, and this one may write the policies of keys. So it adds only
what its own configuration, `MAY_WRITE`, has room for, and removes only statements of the form that it adds. It does so
for keys that have left its configuration, too: CloudFormation cleans up when the function has its new one already.

CloudFormation doesn't wait for a call that it cancels. So the function looks at the stack, and does no more for an
operation that is over: it only removes what it wrote for a new resource.

https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html#programming-eventual-consistency
"""

from __future__ import annotations

import json
import os
import random
import re
import time
import urllib.request
from collections.abc import Mapping, Set
from contextlib import suppress
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

# In seconds. The timeouts of the client are part of the time above; its own retries would make it longer.
SETTLE = float(os.environ.get("SETTLE_SECONDS", "40"))
WRITE_WITHIN = 2.0
CLIENT = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})
# Roles and their policies, the function's own among them, are visible to KMS some time after they were made.
PATIENCE = float(os.environ.get("PATIENCE_SECONDS", "60"))
DENIED, MALFORMED, GONE = "AccessDeniedException", "MalformedPolicyDocumentException", "NotFoundException"
MAY_PASS = {DENIED, MALFORMED, GONE, "KMSInvalidStateException"}
# The service and the actions that statements may be about, their conditions, and for each resource the key and the sids
# that are its own, each with the number of its condition.
MAY_WRITE = json.loads(os.environ.get("MAY_WRITE", "{}"))
# The addresses of CloudFormation are S3's. An emulator of AWS has its own, from where the clients of it have theirs.
EMULATOR = os.environ.get("AWS_ENDPOINT_URL")
ANSWERS_TO = ("https://", f"{EMULATOR.rstrip('/')}/") if EMULATOR else ("https://",)
# Kept back for taking statements out again and for the response.
RESERVE = 150.0
TAKE_OUT_WITHIN = 1.2 * SETTLE
SEND_TIMEOUT = 10.0
MAX_BYTES = 32_768
# The id of what a failed Create leaves behind: its Delete must not fail for the reason that Create failed.
NOTHING_WRITTEN = "nothing-written"
# A physical id is the key's ARN, the sids found there at first, and the id that a change of keys may be rolled back to.
FOUND, BEFORE, LONGEST_ID = "#", "<", 1000
ORPHAN = re.compile(r'"(A(?:ROA|IDA)[A-Z0-9]{12,})"')
ROOT = re.compile(r"^arn:[^:]+:iam::(\d{12}):root$")
Statement = dict[str, Any]
Policy = dict[str, Any]


class RefusedError(Exception):
    """The reason why the policy can't be as it should, for CloudFormation's user."""


def handler(event: dict[str, Any], context: Any) -> None:
    """Carry out a request and answer it once, whatever happens."""
    url = event["ResponseURL"]
    if not url.startswith(ANSWERS_TO):
        raise RefusedError(f"the answer would go to {url!r}, not to an https address of CloudFormation")
    ends = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE
    physical_id, reason = event.get("PhysicalResourceId", NOTHING_WRITTEN), ""
    try:
        key_arn = event["ResourceProperties"]["KeyArn"]
        wanted = statements(event["ResourceProperties"])
        managed_key, found_at_first = read_id(physical_id)
        stack = Stack(event["StackId"], event["RequestType"])
        policy = KeyPolicy(key_arn, Form(context.invoked_function_arn), stack, ends)
        if event["RequestType"] == "Delete":
            owned = wanted.keys() - found_at_first
            # A resource for another name of the key was made before this one is deleted, and has the same sids.
            for resource in configured(key_arn):
                if resource["Owner"] != event["LogicalResourceId"]:
                    owned -= resource["Sids"].keys()
            if managed_key == key_arn:
                policy.merge(owned, {})
        else:
            is_new, before = managed_key != key_arn, event.get("PhysicalResourceId", "")
            owned = wanted.keys() | statements(event.get("OldResourceProperties", {})).keys()
            try:
                policy.merge(owned, wanted, is_new=is_new)
            except Exception:
                # A failed update of the same key needs nothing: CloudFormation asks for the old statements again.
                if is_new and policy.written:
                    policy.take_out(wanted)
                    physical_id = before or first_id(key_arn, policy.found, "")
                raise
            if is_new:
                physical_id = first_id(key_arn, policy.found, before)
    except Exception as error:
        reason = str(error) if isinstance(error, RefusedError) else f"{type(error).__name__}: {error}"
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    answer.update(Status="FAILED" if reason else "SUCCESS", PhysicalResourceId=physical_id, Reason=reason)
    send(url, answer)


def first_id(key_arn: str, found: Set[str], before: str) -> str:
    """The physical id for a key, from its first statement on: an Update that returned another would replace.

    It records what was found, not what was written, since a later Update can add sids but can't change the id. A
    function called twice for one Create finds what it wrote itself: then a statement too many stays, and none lacks.
    """
    previous = before.partition(BEFORE)[2]
    if read_id(previous)[0] == key_arn:
        return previous
    id = "".join([key_arn, *(FOUND + sid for sid in sorted(found)), *([BEFORE + before] if before else [])])
    while len(id) > LONGEST_ID and BEFORE in id:
        id = id.rpartition(BEFORE)[0]
    return id


def read_id(physical_id: str) -> tuple[str, set[str]]:
    """The key's ARN and the sids that were in its policy before this resource was, from an id of this function.

    CloudFormation makes up an id, of no key, for a Create without an answer. What stays then does no harm.
    """
    key_arn, *found = physical_id.partition(BEFORE)[0].split(FOUND)
    return key_arn, set(found)


def configured(key_arn: str) -> list[dict[str, Any]]:
    """The stack's resources for a key: one for each of its names, which may be an ARN and a parameter."""
    return [key for key in MAY_WRITE["Keys"] if key["Arn"] == key_arn]


def send(url: str, answer: Mapping[str, str]) -> None:
    """Answer CloudFormation; should this raise, Lambda calls the function again, which is harmless.

    A response has at most 4,096 bytes, and the signature of its address covers an empty content type:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
    """
    body = json.dumps({**answer, "Reason": answer["Reason"].encode("ascii", "replace").decode()[:1500]}).encode()
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})
    for attempts_left in (2, 1, 0):
        try:
            urllib.request.urlopen(request, timeout=SEND_TIMEOUT).close()
            return
        except OSError:
            if not attempts_left:
                raise
        time.sleep(1)


class Stack:
    """The stack that asks, and the operation that it was in when the function was called."""

    def __init__(self, stack_id: str, request: str) -> None:
        self._id, self._request = stack_id, request
        self._cloudformation: Any = boto3.client("cloudformation", config=CLIENT)
        self._first = self._find_status()

    def has_gone_on(self) -> bool:
        """Tell if the operation is over, or is rolled back by now. If that isn't known, it goes on.

        Nothing is created in a roll-back or a deletion. An update may be part of one: the first status that could be
        read says so. An update that is cancelled before any could, since the role's policy is new, looks like its
        roll-back. A nested stack may be cleaned up after its own operation.
        """
        now = self._find_status()
        self._first = self._first or now
        if now and "IN_PROGRESS" not in now and self._request != "Delete":
            return True
        before = "" if self._request == "Create" else self._first
        return any(word in now and word not in before for word in ("ROLLBACK", "DELETE"))

    def _find_status(self) -> str:
        try:
            return str(self._cloudformation.describe_stacks(StackName=self._id)["Stacks"][0]["StackStatus"])
        except (BotoCoreError, ClientError):
            return ""


def statements(properties: Mapping[str, Any]) -> dict[str, Statement]:
    """The statements that the properties ask for, by sid. One without is refused only where it would be written."""
    listed = properties.get("PolicyDocument", {}).get("Statement", [])
    return {statement.get("Sid", ""): statement for statement in listed}


class Form:
    """The form of the statements that are written: for Personalize, or for one role of the account."""

    def __init__(self, function_arn: str) -> None:
        _, partition, _, _, account, *_ = function_arn.split(":")
        iam = f"arn:{partition}:iam::{account}"
        self._account = _canonical({"AWS": f"{iam}:root"}, is_principal=True)
        self._service = _canonical({"Service": MAY_WRITE["Service"]})
        self._role = re.compile(rf"{re.escape(iam)}:role/[^*?$]+")

    def has(self, statement: Statement) -> bool:
        """Tell if a statement only allows what Personalize needs on a key, and only to those who need it."""
        rest = _canonical(statement)
        principal, condition = rest.pop("Principal", None), rest.pop("Condition", None)
        actions = set(rest.pop("Action", [""]))
        rest.pop("Sid", None)
        if rest != {"Effect": ["Allow"], "Resource": ["*"]} or not actions <= set(MAY_WRITE["Actions"]):
            return False
        if principal == self._service:
            return True
        match condition:
            case {"ArnEquals": {"aws:PrincipalArn": [str(arn)], **others}, **more}:
                return principal == self._account and not others and not more and bool(self._role.fullmatch(arn))
        return False


class KeyPolicy:
    """The policy of one key, for as long as the function may run."""

    def __init__(self, key_arn: str, form: Form, stack: Stack, ends: float) -> None:
        self.attempted = self.written = False
        self.found: set[str] = set()
        self._key, self._form, self._stack, self._ends = key_arn, form, stack, ends
        self._kms: Any = boto3.client("kms", config=CLIENT)

    def merge(self, owned: Set[str], wanted: Mapping[str, Statement], *, is_new: bool = False) -> None:
        """Write until the policy stays as it should; statements that are there already need no write."""
        self._check(wanted)
        patient_until = time.monotonic() + PATIENCE
        problem, policy, last = "", Policy(), Policy()
        while True:
            try:
                if self._stack.has_gone_on():
                    raise RefusedError("the stack operation was cancelled, or is over")
                policy = self._read()
                if is_new and not self.attempted:
                    # What is there of these sids was retained. Later, it may be a write without an answer or a twin's.
                    self.found = wanted.keys() & {statement.get("Sid") for statement in policy["Statement"]}
                new, pause = self._merged(policy, owned, wanted), SETTLE
                if new == policy == last:
                    return
                if new != policy:
                    if problem:
                        self._wait(random.uniform(0, SETTLE), problem)
                    problem = f"something else keeps changing the policy of key {self._key}: deploy when it has ended"
                    if not self._replace(policy, new):
                        new, pause = Policy(), 0
                last = new
            except (BotoCoreError, ClientError) as error:
                last = Policy()
                code, is_temporary = _judged(error)
                if code == GONE and not wanted:
                    return
                reason = self._explained(code, error, policy)
                if not (is_temporary or (code in MAY_PASS and time.monotonic() < patient_until)):
                    raise RefusedError(reason) from error
                # A write that got no answer may still land.
                self._wait(SETTLE if self.written else SETTLE / 6, reason)
            else:
                self._wait(pause, problem or "the policy of the key couldn't be looked at twice: deploy again")

    def take_out(self, wanted: Mapping[str, Statement]) -> None:
        """Take out what was written, as far as possible.

        A read may not show yet what was written, and somebody may write what they read before, so it goes on looking.
        CloudFormation's Delete will look again, but not where a change of keys has failed.
        """
        until = time.monotonic() + TAKE_OUT_WITHIN
        while time.monotonic() < until:
            with suppress(BotoCoreError, ClientError, RefusedError):
                policy = self._read()
                new = self._merged(policy, wanted.keys() - self.found, {})
                if new != policy:
                    self._replace(policy, new)
            time.sleep(SETTLE / 20)

    def _check(self, wanted: Mapping[str, Statement]) -> None:
        """Refuse what the configuration has no room for, whoever asks."""
        if not all(wanted):
            raise RefusedError("a statement has no sid, by which it would be found again: give it one")
        resources = configured(self._key)
        conditions = {}
        for resource in resources:
            for sid, number in resource["Sids"].items():
                conditions[sid] = _canonical(MAY_WRITE["Conditions"][number])
        for sid, statement in wanted.items():
            has_condition = conditions.get(sid) == _canonical(statement.get("Condition", {}))
            if not has_condition or not self._form.has(statement):
                raise RefusedError(
                    f"the function may not write statement {sid} into the policy of key {self._key}: it writes "
                    f"what it was deployed for, {', '.join(sorted(conditions)) or 'nothing for this key'}, and in "
                    "these statements what Amazon Personalize needs, under the conditions it was deployed with"
                )
        owners = sorted({resource["Owner"] for resource in resources if wanted.keys() & resource["Sids"].keys()})
        # Each would undo the statements of the other, which have the same sids.
        if len(owners) > 1:
            raise RefusedError(
                f"key {self._key} is managed twice, by {' and '.join(owners)}: one construct got it under two "
                "names, as an ARN and a parameter for example; give it one, or use a construct for each"
            )

    def _merged(self, policy: Policy, owned: Set[str], wanted: Mapping[str, Statement]) -> Policy:
        """Return the policy with the wanted statements at its end, and without other ones of ours of these sids.

        All else keeps its meaning and its order, but not its spelling. So do statements of ours that need no change.
        """
        kept, missing = [], dict(wanted)
        for statement in policy["Statement"]:
            sid, is_ours = statement.get("Sid"), self._form.has(statement)
            if sid in wanted and not is_ours:
                raise RefusedError(
                    f"the policy of key {self._key} has another statement with the sid {sid}: take it out, or give "
                    "it another sid, if nobody needs it as it is"
                )
            is_wanted = sid in missing and _canonical(statement) == _canonical(missing[sid])
            if is_wanted:
                del missing[sid]
            if is_wanted or not is_ours or sid not in owned:
                kept.append(statement)
        return {**policy, "Statement": [*kept, *missing.values()]}

    def _replace(self, policy: Policy, new: Policy) -> bool:
        """Write, unless the policy isn't any more what was read."""
        text = json.dumps(new, ensure_ascii=False, separators=(",", ":"))
        # KMS takes no character above U+00FF, and may show one that was written as an escape.
        text = re.sub(r"[^\x00-\xff]+", lambda above: json.dumps(above[0])[1:-1], text)
        size = len(text.encode())
        if size > MAX_BYTES:
            raise RefusedError(
                f"the policy of key {self._key} would have {size} bytes without white space, but KMS takes "
                f"{MAX_BYTES}: take out statements that nobody needs, or use another key"
            )
        read = time.monotonic()
        if self._read() != policy or time.monotonic() - read > WRITE_WITHIN:
            return False
        self.attempted = True
        try:
            self._kms.put_key_policy(KeyId=self._key, PolicyName="default", Policy=text)
        except (BotoCoreError, ClientError) as error:
            self.written = self.written or _judged(error)[1]
            raise
        self.written = True
        return True

    def _read(self) -> Policy:
        policy: Policy = json.loads(self._kms.get_key_policy(KeyId=self._key, PolicyName="default")["Policy"])
        if "Statement" not in policy:
            raise RefusedError("the key policy has no Statement: repair it")
        if isinstance(policy["Statement"], dict):
            policy["Statement"] = [policy["Statement"]]
        return policy

    def _wait(self, seconds: float, problem: str) -> None:
        if time.monotonic() + seconds > self._ends:
            raise RefusedError(f"no time is left: {problem}")
        time.sleep(seconds)

    def _explained(self, code: str, error: Exception, policy: Policy) -> str:
        if code == DENIED and "explicit deny" not in str(error):
            return (
                f"{error}: the policy of key {self._key} must let the account use IAM policies, by a statement for "
                "the account as principal"
            )
        orphans = ""
        # KMS refuses any policy with the id of a deleted role or user, and doesn't name it.
        for statement in policy["Statement"] if code == MALFORMED else []:
            for id in ORPHAN.findall(json.dumps(statement.get("Principal"))):
                orphans += (
                    f"; statement {statement.get('Sid', 'without sid')} is for {id}, the id of a deleted role or user: "
                    "have it taken out of the key policy"
                )
        return f"key {self._key}: {error}{orphans}"


def _canonical(value: Any, *, is_principal: bool = False) -> Any:
    """A statement in a form that doesn't depend on how KMS writes it.

    A list of one is as good as its member, the order in lists means nothing, and as a principal an account is its root.
    """
    if isinstance(value, dict):
        return {key: _canonical(each, is_principal=is_principal or key == "Principal") for key, each in value.items()}
    members = value if isinstance(value, list) else [value]
    texts = {member if isinstance(member, str) else json.dumps(member) for member in members}
    return sorted({ROOT.sub(r"\1", text) for text in texts} if is_principal else texts)


def _judged(error: Exception) -> tuple[str, bool]:
    """An error's code, and whether it will pass: no answer came, or one that blames KMS or the rate of calls."""
    if not isinstance(error, ClientError):
        return "", not isinstance(error, ParamValidationError)
    response: Any = error.response
    code = str(response["Error"]["Code"])
    return code, response["ResponseMetadata"]["HTTPStatusCode"] >= 500 or "Throttl" in code
