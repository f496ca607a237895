"""Keeps statements in the policy of a KMS key, as CloudFormation's custom resource asks for it.

`ManagedKeyPolicy` copies this file into templates as it is: it stands alone and imports what Lambda's Python has.

Why nothing gets lost, though PutKeyPolicy replaces the whole text unconditionally:

- A write is of a text that was read a moment before: at most `WRITE_WITHIN` and the client's timeouts pass from that
  read until the write has landed. So a write undoes only what others wrote within that window.
- Whoever wrote is still waiting then: `SETTLE` is as long as the window and twice the 15 seconds that a change may stay
  unseen, once by who undoes it and once by who looks (it is seconds as a rule; rarely it takes minutes, which no wait
  here covers). It reads again, finds what it wrote undone, and starts over from the text that undid it, which keeps the
  other's statements. It does so after a random time, so that two don't undo each other for ever.
- It is done when two looks, `SETTLE` apart, show the same text with all in it: a third that reads late could put back
  for a while what the next one undoes.
- Who doesn't read again, such as a person in the console, is safe outside the window: the second read sees the edit.
  KMS offers nothing to close the window itself. It lasts as long as reads lag behind writes, seconds at times, and an
  edit that falls into it can be lost.

Whoever may invoke a function decides on what it is asked, and this one may write the policies of keys. So it adds only
what its own configuration, `MAY_WRITE`, has room for, under the conditions that stand there, and takes out only
statements of the form that it adds. It takes out for keys that its configuration has no longer: CloudFormation cleans
up when the function has its new one already. But what another resource of the stack has by then, one for the same key
under another name, stays. Two such resources at once are refused: they would fight for the same sids.

CloudFormation doesn't wait for a call that it cancels, and makes the next one at once. So the function asks for the
state of the stack, and does no more for an operation that is over: it only takes out what it wrote for a new resource.

https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html#programming-eventual-consistency
"""

from __future__ import annotations

import json
import os
import random
import re
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

# In seconds. The timeouts of the client are part of the window above; its own retries would make it longer.
SETTLE = float(os.environ.get("SETTLE_SECONDS", "40"))
WRITE_WITHIN = 2.0
CLIENT = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})
# Roles and their policies, the function's own among them, are visible to KMS some time after they were made.
PATIENCE = float(os.environ.get("PATIENCE_SECONDS", "60"))
MAY_PASS = {
    "AccessDeniedException",
    "MalformedPolicyDocumentException",
    "NotFoundException",
    "KMSInvalidStateException",
}
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
GONE = "NotFoundException"
OTHER_OPERATIONS = ("ROLLBACK", "DELETE")
MAX_BYTES = 32_768
# The id of what a failed Create leaves behind: its Delete must not fail for the reason that Create failed.
NOTHING_WRITTEN = "nothing-written"
# A physical id is the key's ARN, the sids found there at first, and the id that a change of keys may be rolled back to.
FOUND, BEFORE = "#", "<"
LONGEST_ID = 1000
ORPHAN = re.compile(r"A(ROA|IDA)[A-Z0-9]{12,}")
Statement = dict[str, Any]


class RefusedError(Exception):
    """The reason why the policy can't be as it should, for CloudFormation's user."""


def handler(event: dict[str, Any], context: Any) -> None:
    """Carry out a request and answer it once, whatever happens."""
    if not event["ResponseURL"].startswith(ANSWERS_TO):
        raise RefusedError(
            f"the answer would go to {event['ResponseURL']!r}, not to an https address of CloudFormation"
        )
    ends = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE
    physical_id, reason = event.get("PhysicalResourceId", NOTHING_WRITTEN), ""
    try:
        new, old = event["ResourceProperties"], event.get("OldResourceProperties", {})
        _, partition, _, _, account, *_ = context.invoked_function_arn.split(":")
        form = Form(f"arn:{partition}:iam::{account}")
        stack = Stack(event["StackId"], event["RequestType"])
        policy = KeyPolicy(new["KeyArn"], form, stack, ends)
        wanted = statements(new)
        if event["RequestType"] != "Delete":
            first = key_of(physical_id) != new["KeyArn"]
            try:
                policy.merge(wanted.keys() | statements(old).keys(), wanted, is_new=first)
            except Exception:
                # A failed update of the same key needs nothing: CloudFormation asks for the old statements again.
                if first and policy.written:
                    policy.take_out(wanted)
                    physical_id = event.get("PhysicalResourceId", first_id(new["KeyArn"], policy.found, ""))
                raise
            if first:
                physical_id = first_id(new["KeyArn"], policy.found, event.get("PhysicalResourceId", ""))
        elif key_of(physical_id) == new["KeyArn"]:
            theirs = configured_sids(new["KeyArn"], but_of=event["LogicalResourceId"])
            policy.merge(wanted.keys() - found_at_first(physical_id) - theirs, {})
    except Exception as error:
        reason = str(error) if isinstance(error, RefusedError) else f"{type(error).__name__}: {error}"
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    answer.update(Status="FAILED" if reason else "SUCCESS", PhysicalResourceId=physical_id, Reason=reason)
    send(event["ResponseURL"], answer)


def first_id(key_arn: str, found: Set[str], before: str) -> str:
    """The physical id for a key, from its first statement on: an Update that returned another would replace.

    It records what was found, not what was written, since a later Update can add sids but can't change the id: those
    are then taken out like the ones of the first time. A function called twice for one Create finds what it wrote
    itself; then a statement too many stays, and none is missing.
    """
    previous = before.partition(BEFORE)[2]
    if key_of(previous) == key_arn:
        return previous
    id = "".join([key_arn, *(FOUND + sid for sid in sorted(found)), *([BEFORE + before] if before else [])])
    while len(id) > LONGEST_ID and BEFORE in id:
        id = id.rpartition(BEFORE)[0]
    return id


def key_of(physical_id: str) -> str:
    """The key's ARN, if the id is of this function: CloudFormation makes one up for a Create without an answer.

    Nobody knows then what was found, and what stays does no harm.
    """
    return physical_id.partition(BEFORE)[0].partition(FOUND)[0]


def found_at_first(physical_id: str) -> set[str]:
    """The sids that were in the key's policy before this resource was."""
    return set(physical_id.partition(BEFORE)[0].split(FOUND)[1:])


def configured_sids(key_arn: str, *, but_of: str | None = None) -> set[str]:
    """The sids that resources of the stack may have in the key's policy, without those of one resource.

    The same key under another name, a parameter instead of its ARN for example, is another resource to CloudFormation,
    which makes the new one before it deletes the old one. Both have the same sids.
    """
    return {sid for key in _configured(key_arn) if key["Owner"] != but_of for sid in key["Sids"]}


def _configured(key_arn: str) -> list[dict[str, Any]]:
    return [key for key in MAY_WRITE.get("Keys", []) if key["Arn"] == key_arn]


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
        """Tell if the operation is over, or rolled back since; not if that isn't known.

        Nothing is created in a roll-back or a deletion. An update may be part of one: what counts is the first status
        that could be read, at first perhaps none, since the role's policy is new. So an update that is cancelled before
        that can't be told from its roll-back. What is cleaned up in a nested stack may be so after its own operation.
        """
        now = self._find_status()
        self._first = self._first or now
        return bool(now) and (
            ("IN_PROGRESS" not in now and self._request != "Delete")
            or any(word in now and (self._request == "Create" or word not in self._first) for word in OTHER_OPERATIONS)
        )

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

    def __init__(self, iam: str) -> None:
        self._account = _canonical({"AWS": f"{iam}:root"}, is_principal=True)
        self._service = _canonical({"Service": MAY_WRITE.get("Service", "")})
        self._role = re.compile(rf"{re.escape(iam)}:role/[^*?$]+")

    def has(self, statement: Statement) -> bool:
        """Tell if a statement only allows what Personalize needs on a key, and only to those who need it."""
        rest = {key: _canonical(value, is_principal=key == "Principal") for key, value in statement.items()}
        principal, condition = rest.pop("Principal", None), rest.pop("Condition", None)
        actions = set(rest.pop("Action", [""]))
        rest.pop("Sid", None)
        if rest != {"Effect": ["Allow"], "Resource": ["*"]} or not actions <= set(MAY_WRITE.get("Actions", [])):
            return False
        return principal == self._service or (principal == self._account and self._is_for_a_role(condition))

    def _is_for_a_role(self, condition: Any) -> bool:
        match condition:
            case {"ArnEquals": {"aws:PrincipalArn": [str(arn)], **others}, **more}:
                return not others and not more and bool(self._role.fullmatch(arn))
        return False


class KeyPolicy:
    """The policy of one key, for as long as the function may run."""

    def __init__(self, key_arn: str, form: Form, stack: Stack, ends: float) -> None:
        self.written = False
        self.attempted = False
        self.found: set[str] = set()
        self._text = ""
        self._key_arn, self._form, self._stack = key_arn, form, stack
        self._ends = ends
        self._kms: Any = boto3.client("kms", config=CLIENT)

    def merge(self, owned: Set[str], wanted: Mapping[str, Statement], *, is_new: bool = False) -> None:
        """Splice until the policy stays as it should; statements that are there already need no write.

        What is there of these sids when the resource is new was retained.
        """
        self._check(wanted)
        patient_until = time.monotonic() + PATIENCE
        problem = last = ""
        while True:
            try:
                if self._stack.has_gone_on():
                    raise RefusedError("the stack operation was cancelled, or is over")
                text = self._read()
                self._refuse_foreign(text, wanted)
                if is_new and not self.attempted:
                    # Later, a write that got no answer may be what is found.
                    self.found = wanted.keys() & {each.get("Sid") for each in _statements_of(text)}
                new, pause = spliced(text, owned, wanted, self._form.has), SETTLE
                if new == text == last:
                    return
                if new != text:
                    if problem:
                        self._wait(random.uniform(0, SETTLE), problem)
                    problem = (
                        f"something else keeps changing the policy of key {self._key_arn}: deploy when it has ended"
                    )
                    if not self._replace(text, new):
                        new, pause = "", 0
                last = new
            except (BotoCoreError, ClientError) as error:
                last = ""
                code, is_temporary = _judged(error)
                if code == GONE and not wanted:
                    return
                reason = self._explained(error)
                if not (is_temporary or (code in MAY_PASS and time.monotonic() < patient_until)):
                    raise RefusedError(reason) from error
                # A write that got no answer may still land.
                self._wait(SETTLE if self.written else SETTLE / 6, reason)
            else:
                self._wait(pause, problem or "the policy of the key couldn't be looked at twice: deploy again")

    def take_out(self, wanted: Mapping[str, Statement]) -> None:
        """Take out what was written, as far as possible.

        It looks until the time is over: a read may not show yet what was written, and somebody may write what they read
        before. CloudFormation's Delete will look again, but not where a change of keys has failed.
        """
        until = time.monotonic() + TAKE_OUT_WITHIN
        while time.monotonic() < until:
            with suppress(BotoCoreError, ClientError, RefusedError):
                text = self._read()
                new = spliced(text, wanted.keys() - self.found, {}, self._form.has)
                if new != text:
                    self._replace(text, new)
            time.sleep(SETTLE / 20)

    def _check(self, wanted: Mapping[str, Statement]) -> None:
        """Refuse what the configuration has no room for, whoever asks."""
        if not all(wanted):
            raise RefusedError("a statement has no sid, by which it would be found again: give it one")
        sids = sorted(configured_sids(self._key_arn))
        for sid, statement in wanted.items():
            if sid not in sids or not self._form.has(statement) or not self._has_condition(statement):
                raise RefusedError(
                    f"the function may not write statement {sid} into the policy of key {self._key_arn}: it writes "
                    f"what it was deployed for, {', '.join(sids) or 'nothing for this key'}, and in these statements "
                    "what Amazon Personalize needs, under the conditions it was deployed with"
                )
        # Each would undo the statements of the other, which have the same sids.
        owners = {key["Owner"] for key in _configured(self._key_arn) if wanted.keys() & set(key["Sids"])}
        if len(owners) > 1:
            raise RefusedError(
                f"key {self._key_arn} is managed twice, by {' and '.join(sorted(owners))}: one construct got it under "
                "two names, as an ARN and a parameter for example; give it one, or use a construct for each"
            )

    def _has_condition(self, statement: Statement) -> bool:
        numbers = [key["Sids"].get(statement["Sid"]) for key in _configured(self._key_arn)]
        conditions = [MAY_WRITE["Conditions"][number] for number in numbers if number is not None]
        return all(_canonical(statement.get("Condition", {})) == _canonical(each) for each in conditions)

    def _refuse_foreign(self, text: str, wanted: Mapping[str, Statement]) -> None:
        """Refuse a policy with a statement in our place that is none of ours by its form."""
        foreign = {str(each.get("Sid")) for each in _statements_of(text) if not self._form.has(each)}
        for sid in sorted(foreign & wanted.keys()):
            raise RefusedError(
                f"the policy of key {self._key_arn} has another statement with the sid {sid}: take it out, or give it "
                "another sid, if nobody needs it as it is"
            )

    def _replace(self, text: str, new: str) -> bool:
        # KMS takes no character above U+00FF, and may show one that was written as an escape.
        new = re.sub(r"[^\x00-\xff]+", lambda found: json.dumps(found[0])[1:-1], new)
        if len(new.encode()) > MAX_BYTES:
            # KMS shows policies with white space that nobody wrote.
            new = re.sub(r'("(?:\\.|[^"\\])*")|\s+', r"\1", new)
        size = len(new.encode())
        if size > MAX_BYTES:
            raise RefusedError(
                f"the policy of key {self._key_arn} would have {size} bytes without white space, but KMS takes "
                f"{MAX_BYTES}: take out statements that nobody needs, or use another key"
            )
        read = time.monotonic()
        if self._read() != text or time.monotonic() - read > WRITE_WITHIN:
            return False
        self.attempted = True
        try:
            self._kms.put_key_policy(KeyId=self._key_arn, PolicyName="default", Policy=new)
        except (BotoCoreError, ClientError) as error:
            self.written = self.written or _judged(error)[1]
            raise
        self.written = True
        return True

    def _read(self) -> str:
        self._text = str(self._kms.get_key_policy(KeyId=self._key_arn, PolicyName="default")["Policy"])
        return self._text

    def _wait(self, seconds: float, problem: str) -> None:
        if time.monotonic() + seconds > self._ends:
            raise RefusedError(f"no time is left: {problem}")
        time.sleep(seconds)

    def _explained(self, error: Exception) -> str:
        code = _judged(error)[0]
        if code == "MalformedPolicyDocumentException":
            return f"key {self._key_arn}: {error}{''.join(_orphans(self._text))}"
        if code != "AccessDeniedException":
            return f"key {self._key_arn}: {error}"
        return (
            f"{error}: the policy of key {self._key_arn} must let the account use IAM policies, by a statement for the "
            "account as principal"
        )


def spliced(
    text: str,
    owned: Set[str],
    wanted: Mapping[str, Statement],
    is_ours: Callable[[Statement], bool] = lambda _: True,
) -> str:
    """The policy with the wanted statements at its end and without other ones of ours of these sids.

    All else stays as it is, byte for byte. So do statements of ours that need no change.
    """
    parts = list(_parts(text, _skip(text, 0)))
    spans = {key: (start, end) for (key, _, _), (_, start, end) in zip(parts[::2], parts[1::2], strict=True)}
    if "Statement" not in spans:
        raise RefusedError("the key policy has no Statement: repair it")
    start, end = spans["Statement"]
    single = text[start] == "{"
    found = [(json.loads(text[start:end]), start, end)] if single else list(_parts(text, start))
    missing = dict(wanted)
    kept = []
    for index, (statement, _, _) in enumerate(found):
        sid = statement.get("Sid")
        if sid in missing and _canonical(statement) == _canonical(missing[sid]):
            del missing[sid]
        elif (sid in owned or sid in wanted) and is_ours(statement):
            continue
        kept.append(index)
    if len(kept) == len(found) and not missing:
        return text

    edges = [start + (not single), *(edge for _, *span in found for edge in span), end - (not single)]
    gaps = [text[one:other] for one, other in zip(edges[::2], edges[1::2], strict=True)]
    separator = gaps[-2] if len(found) > 1 else f",{gaps[0]}"
    inside = ""
    for index in kept:
        inside += (gaps[index] if inside else "") + text[found[index][1] : found[index][2]]
    for statement in missing.values():
        inside += (separator if inside else "") + json.dumps(statement, separators=(",", ":"))
    if not inside and gaps[0] == gaps[-1]:
        # Adding to an empty list wrote its white space on both sides.
        return f"{text[:start]}[{gaps[0]}]{text[end:]}"
    return f"{text[:start]}[{gaps[0]}{inside}{gaps[-1]}]{text[end:]}"


def _statements_of(text: str) -> list[Statement]:
    listed = json.loads(text).get("Statement", [])
    return [listed] if isinstance(listed, dict) else listed


def _orphans(text: str) -> Iterator[str]:
    """Name the statements for deleted roles and users, for which KMS refuses any text."""
    for statement in _statements_of(text):
        principal = statement.get("Principal")
        listed = principal.get("AWS", []) if isinstance(principal, dict) else []
        for each in [listed] if isinstance(listed, str) else listed:
            if ORPHAN.fullmatch(each):
                yield (
                    f"; statement {statement.get('Sid', 'without sid')} is for {each}, the id of a deleted role or "
                    "user: have it taken out of the key policy"
                )


def _parts(text: str, start: int) -> Iterator[tuple[Any, int, int]]:
    """Every value in the array or object that begins here, and every key, with its span."""
    at = _skip(text, start + 1)
    while text[at] not in "]}":
        value, end = json.JSONDecoder().raw_decode(text, at)
        yield value, at, end
        at = _skip(text, end)


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n,:":
        at += 1
    return at


def _canonical(value: Any, *, is_principal: bool = False) -> Any:
    """A statement in a form that doesn't depend on how KMS writes it.

    In a policy a list of one is as good as its member, the order in lists means nothing, and as a principal, not in a
    condition, an account is its root.
    """
    if isinstance(value, dict):
        return {
            key: _canonical(member, is_principal=is_principal or key in {"Principal", "NotPrincipal"})
            for key, member in value.items()
        }
    members = value if isinstance(value, list) else [value]
    # A null is no string, and no string of a policy has a NUL.
    texts = {
        member if isinstance(member, str) else "\0" if member is None else json.dumps(member) for member in members
    }
    if is_principal:
        texts = {re.sub(r"^arn:[^:]+:iam::(\d{12}):root$", r"\1", text) for text in texts}
    return sorted(texts)


def _judged(error: Exception) -> tuple[str, bool]:
    """An error's code, and whether it will pass: no answer came, or one that blames KMS or the rate of calls."""
    if not isinstance(error, ClientError):
        return "", not isinstance(error, ParamValidationError)
    response: Any = error.response
    code = str(response["Error"]["Code"])
    return code, response["ResponseMetadata"]["HTTPStatusCode"] >= 500 or "Throttl" in code
