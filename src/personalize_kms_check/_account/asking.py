"""Questions to one account and Region, and what wasn't answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from textwrap import shorten
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

import boto3
from botocore import exceptions, xform_name
from botocore.config import Config

from .._terminal import say

_AT_ONCE = 8
"""The number of calls that are made side by side."""
# What can't be reached is known after half a minute; a throttled call is tried again, and the next
# ones wait longer.
_CONFIG = Config(
    max_pool_connections=_AT_ONCE,
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "adaptive", "total_max_attempts": 6},
)
_PROGRESS_AFTER = 5.0
"""The seconds after which somebody who waits is told how far it is."""
# S3 answers MethodNotAllowed to those who ask for the policy of a bucket of another account.
_DENIED = ("AccessDenied", "AccessDeniedException", "MethodNotAllowed", "403", "405")
_ABSENT = (
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchEntity",
    "NotFoundException",
    "ResourceNotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError",
)
# Older versions of the SDK have no LoginError.
_SIGN_IN = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
    getattr(exceptions, "LoginError", exceptions.SSOError),
)
# The fields of an answer and of a question with the next page. The SDK has no paginator for
# ListDataDeletionJobs.
_NEXT_PAGE = {
    "cloudtrail": ("NextToken", "NextToken"),
    "iam": ("Marker", "Marker"),
    "personalize": ("nextToken", "nextToken"),
}
_PERMISSIONS = {"GetBucketEncryption": "GetEncryptionConfiguration"}

T = TypeVar("T")


class DoctorError(Exception):
    """The doctor can't look; the message is one line that says why, and what to do."""


class NotAnsweredError(Exception):
    """AWS doesn't answer a question, whatever the reason; the message says which one, and why."""


class AbsentError(Exception):
    """Something that is asked for and doesn't exist."""


class Account:
    """An account and Region, which several threads ask through AWS's SDK."""

    def __init__(self, session: boto3.session.Session, region: str) -> None:
        self._session = session
        self._clients: dict[tuple[str, str], Any] = {}
        self._creating = Lock()  # only clients can be used by several threads
        self._unreachable: dict[tuple[str, str], str] = {}
        self.region = region
        self.not_answered: dict[tuple[str, str], set[str]] = {}
        """The resources about which an action wasn't answered, by the action and the reason."""

    @staticmethod
    def connect(profile: str | None, region: str | None) -> Account:
        """Return an account, of which nothing is asked yet."""
        try:
            session = boto3.session.Session(profile_name=profile, region_name=region)
        except Exception as error:
            raise DoctorError(advice(error)) from error
        if not session.region_name:
            raise DoctorError("no Region: set --region or AWS_REGION")
        return Account(session, session.region_name)

    @cached_property
    def _identity(self) -> list[str]:
        return str(self.ask("sts.GetCallerIdentity", "Arn", "*")).split(":")

    @property
    def id(self) -> str:
        return self._identity[4]

    @property
    def partition(self) -> str:
        return self._identity[1]

    def knows(self, operation: str) -> bool:
        """Tell if the installed boto3 has an operation."""
        service, _, name = operation.partition(".")
        return hasattr(self.client(service, self.region), xform_name(name))

    def client(self, service: str, region: str) -> Any:
        with self._creating:
            if (service, region) not in self._clients:
                # A service may be any string here, which no overload of the stubs has.
                create: Any = self._session.client
                client = create(service, region_name=region, config=_CONFIG)
                self._clients[service, region] = client
            return self._clients[service, region]

    def ask(self, operation: str, member: str, resource: str, **arguments: Any) -> Any:
        """Return a member of an operation's answer, from the Region of the resource.

        Raises:
            NotAnsweredError, AbsentError: for this question; others may be answered.
        """
        answer = self._answer(operation, resource, arguments)
        return self._member(answer, member, operation, resource)

    def see(self, operation: str, member: str, resource: str, **arguments: Any) -> tuple[Any, str]:
        """Return the same, or why it can't be seen; none and no reason for what doesn't exist."""
        return seen(partial(self.ask, operation, member, resource, **arguments))

    def see_all(
        self, operation: str, member: str, resource: str, *fields: str, **arguments: Any
    ) -> tuple[list[Any] | None, str]:
        """Return a whole listing, or why a part of it can't be seen; neither if there is none."""
        return seen(lambda: list(self.pages(operation, member, resource, *fields, **arguments)))

    def pages(
        self, operation: str, member: str, resource: str, *fields: str, **arguments: Any
    ) -> Iterator[Any]:
        """Yield the members of a listing, page by page; each has to have some fields."""
        answered, argument = _NEXT_PAGE[operation.partition(".")[0]]
        while True:
            answer = self._answer(operation, resource, arguments)
            for entry in self._member(answer, member, operation, resource):
                for field in fields:
                    self._member(entry, field, operation, resource)
                yield entry
            if not answer.get(answered):
                return
            arguments[argument] = answer[answered]

    def _answer(self, operation: str, resource: str, arguments: dict[str, Any]) -> Any:
        service, _, name = operation.partition(".")
        # The ARNs of IAM and S3 have no Region.
        region = (resource.split(":")[3] if resource.startswith("arn:") else "") or self.region
        # Saves time: each call of a service that can't be reached takes half a minute.
        if why := self._unreachable.get((service, region)):
            raise self.not_seen(operation, why, resource)
        try:
            return getattr(self.client(service, region), xform_name(name))(**arguments)
        except Exception as error:  # the SDK raises those of files and of what it can't read, too
            why = _why(error, name)
            if not why:
                raise AbsentError(str(error)) from error
            if isinstance(error, exceptions.ConnectionError):  # a late answer isn't one
                self._unreachable[service, region] = why
            raise self.not_seen(operation, why, resource) from error

    def _member(self, answer: Any, path: str, operation: str, resource: str) -> Any:
        member = member_of(answer, path)
        if member == {}:
            raise self.not_seen(operation, f"was answered without {path}", resource)
        return member

    def not_seen(self, operation: str, why: str, resource: str) -> NotAnsweredError:
        """Note that an operation doesn't show a resource, and return the error."""
        service, _, name = operation.partition(".")
        action = f"{service}:{_PERMISSIONS.get(name, name)}"
        self.not_answered.setdefault((action, why), set()).add(resource)
        return NotAnsweredError(f"{action} {why}")


def seen(question: Callable[[], T]) -> tuple[T | None, str]:
    """Return an answer, or why there is none; neither for what doesn't exist."""
    try:
        return question(), ""
    except NotAnsweredError as error:
        return None, str(error)
    except AbsentError:
        return None, ""


class Progress:
    """Tells somebody who waits how far it is, every few seconds."""

    def __init__(self) -> None:
        self._told = monotonic()

    def tell(self, message: str) -> None:
        """Write a line to the standard error, unless one was written a moment ago."""
        if monotonic() - self._told > _PROGRESS_AFTER:
            self._told = monotonic()
            say(message)


def side_by_side(read: Callable[[str], T], names: Iterable[str], kind: str) -> dict[str, T]:
    """Return what reading each thing gives, by name; some are read at the same time."""
    names, progress = list(dict.fromkeys(names)), Progress()
    answers: dict[str, T] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for name, answer in zip(names, pool.map(read, names), strict=True):
            answers[name] = answer
            progress.tell(f"{len(answers):,} of {len(names):,} {kind} read")
    return answers


def member_of(answer: Any, path: str) -> Any:
    """Return a member of an answer, such as ``Policy.DefaultVersionId``; empty if it's missing."""
    for name in path.split("."):
        answer = (answer or {}).get(name, {})
    return answer


def _why(error: Exception, operation: str) -> str:
    """Return why something isn't answered, in a few words; empty if there is no such thing."""
    if not isinstance(error, exceptions.ClientError):
        return f"failed with {type(error).__name__}"
    code = str(error.response.get("Error", {}).get("Code", ""))
    if error.operation_name != operation:  # the one that gets credentials
        return f"failed, since {error.operation_name} failed with {code}"
    if code in _ABSENT:
        return ""
    return "was denied" if code in _DENIED else f"failed with {code}"


def advice(error: BaseException) -> str:
    """Say in one line why nothing can be looked at, and what to do about it."""
    if isinstance(error, _SIGN_IN):
        do = "set --profile, or sign in, for example with aws sso login"
    elif isinstance(error, exceptions.ProfileNotFound):
        do = "`aws configure list-profiles` shows their names"
    elif isinstance(error, exceptions.ClientError):
        do = "renew the credentials, allow it, enable the Region, or try again later"
        if error.operation_name.startswith("List"):
            do = f"name the dataset groups, {do}"
    else:
        do = "check the network, the proxy, the Region, and the configuration of AWS's SDK"
    # The SDK's words may have all of an answer in them.
    return f"{shorten(str(error), 300, placeholder=' …')}: {do}"
