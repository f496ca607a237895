"""Questions to one account and Region, those that weren't answered, and errors that end the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

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
# Also what a Region says that isn't enabled for the account
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html).
_NOT_ENABLED = frozenset({"InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"})
_EXPIRED = _NOT_ENABLED | {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "SignatureDoesNotMatch"}
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
)


class DoctorError(Exception):
    """The doctor can't look; the message is one line that says why, and what to do."""


class NotAnsweredError(Exception):
    """AWS doesn't answer a question, mostly for lack of a permission; the message says which one."""


class AbsentError(Exception):
    """Something that is asked for and doesn't exist."""


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

    @staticmethod
    def connect(profile: str | None, region: str | None) -> Account:
        """Return an account that answers.

        Raises:
            DoctorError: without credentials or a Region, or if AWS doesn't take the credentials.
        """
        try:
            session = boto3.session.Session(profile_name=profile, region_name=region)
            if not session.region_name:
                raise DoctorError("there is no Region: give --region, or set AWS_REGION")
            return Account(session, session.region_name)
        except BotoCoreError as error:
            raise explained(error) from error
        except NotAnsweredError as error:
            raise DoctorError(f"who you are can't be asked: {error}") from error

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
            code = _code_of(error)
            if code in _ABSENT or (code in _IMPOSSIBLE and ":List" not in action):
                raise AbsentError(code) from error
            if _stops(error) and not (elsewhere and code in _NOT_ENABLED):
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


def _code_of(error: ClientError) -> str:
    """Return the code of an error of AWS's."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _stops(error: ClientError) -> bool:
    """Report whether the next question would get the same error."""
    return _code_of(error) in _EXPIRED | _THROTTLED


def explained(error: ClientError | BotoCoreError, region: str = "") -> DoctorError:
    """Return an error of AWS's or of its SDK in one line, with what to do about it."""
    said = " ".join(str(error).split())
    if isinstance(error, EndpointConnectionError):
        return DoctorError(f"{said}: look at the network, and whether {region} is a Region that has Amazon Personalize")
    if isinstance(error, NoCredentialsError):
        return DoctorError("there are no credentials: give --profile, or sign in, for example by aws sso login")
    if isinstance(error, ClientError) and _code_of(error) in _NOT_ENABLED:
        return DoctorError(
            f"AWS doesn't take the credentials in {region}: {said}: renew them, or enable the Region for the account"
        )
    if isinstance(error, ClientError) and _code_of(error) in _EXPIRED:
        return DoctorError(f"AWS doesn't take the credentials: {said}: renew them")
    if isinstance(error, ClientError) and _code_of(error) in _THROTTLED:
        return DoctorError(f"AWS throttles: {said}: try again later, or set AWS_MAX_ATTEMPTS to more than 5")
    return DoctorError(said)
