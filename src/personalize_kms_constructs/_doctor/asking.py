"""Questions to one account and Region, and those that weren't answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from .errors import NOT_ENABLED, AbsentError, NotAnsweredError, code_of, explained, stops

_T = TypeVar("_T")

# S3 answers MethodNotAllowed to those who ask for the policy of a bucket of another account.
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "MethodNotAllowed", "403", "405"})
_ABSENT = frozenset(
    {
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchPublicAccessBlockConfiguration",
        "NotFoundException",
        "ResourceNotFoundException",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
# What is asked for has a name that nothing can have. Of a listing it would say less.
_IMPOSSIBLE = frozenset({"InvalidArnException", "InvalidBucketName", "InvalidInputException", "ValidationError"})
# So many resources are named for one action that isn't allowed; the others are counted.
_NAMED = 5


class Account:
    """An account and Region, asked through AWS's SDK, which pages and tries again."""

    def __init__(self, session: boto3.session.Session, region: str) -> None:
        self._session = session
        self._clients: dict[tuple[str, str], Any] = {}
        self.region = region
        self.not_answered: dict[str, list[str]] = {}
        """The resources about which an action wasn't answered, the first few of them."""
        self.not_answered_count: dict[str, int] = {}
        identity = self.ask("sts:GetCallerIdentity", "*", lambda: self.client("sts").get_caller_identity())
        self.id = str(identity["Account"])
        self.partition = str(identity["Arn"]).split(":")[1]

    def client(self, service: str, region: str = "") -> Any:
        """Return a client of a service, in a Region of its own if one is given."""
        name = (service, region or self.region)
        if name not in self._clients:
            # A service may be any string here, which no overload of the stubs has.
            create: Any = self._session.client
            self._clients[name] = create(service, region_name=region or self.region)
        return self._clients[name]

    def ask(self, action: str, resource: str, question: Callable[[], _T], *, elsewhere: bool = False) -> _T:
        """Return an answer.

        A question that goes ``elsewhere``, to another Region perhaps, may fail where others don't: the Region isn't
        enabled for the account, or there is none of that name.

        Raises:
            NotAnsweredError: if the caller lacks the permission, or AWS has another error for this one question.
            AbsentError: if there is no such thing.
            DoctorError: if nothing can be asked, for example with expired credentials.
        """
        try:
            return question()
        except ClientError as error:
            code = code_of(error)
            if code in _ABSENT or (code in _IMPOSSIBLE and ":List" not in action):
                raise AbsentError(code) from error
            if stops(error) and not (elsewhere and code in NOT_ENABLED):
                raise explained(error, self.region) from error
            self._note(action, resource)
            why = "isn't allowed to you" if code in _DENIED else f"isn't answered but by {code}"
            raise NotAnsweredError(f"{action} {why}") from error
        except ParamValidationError as error:  # a name that nothing can have
            raise AbsentError(str(error)) from error
        except BotoCoreError as error:
            if not elsewhere:
                raise explained(error, self.region) from error
            self._note(action, resource)
            raise NotAnsweredError(f"{action} isn't answered but by {type(error).__name__}") from error

    def pages(self, service: str, operation: str, member: str, **arguments: str) -> Iterator[Any]:
        """Yield the members of a listing, page by page.

        The SDK has no paginator for ``ListDataDeletionJobs``, so that pages are turned here for all.
        """
        client = self.client(service)
        action = f"{service}:{''.join(part.capitalize() for part in operation.split('_'))}"
        resource = next(iter(arguments.values()), "*")
        turn = partial(getattr(client, operation), **arguments)
        while True:
            found = self.ask(action, resource, turn)
            yield from found[member]
            if not found.get("nextToken"):
                return
            turn = partial(turn, nextToken=found["nextToken"])

    def _note(self, action: str, resource: str) -> None:
        named = self.not_answered.setdefault(action, [])
        if resource not in named:
            self.not_answered_count[action] = self.not_answered_count.get(action, 0) + 1
            if len(named) < _NAMED:
                named.append(resource)
