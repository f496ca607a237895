"""Questions to one account and Region, those that weren't answered, and errors that end the work."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from textwrap import shorten
from typing import Any

import boto3
from botocore import exceptions, xform_name

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
# Also what a Region says that isn't enabled for the account
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html).
_NOT_ENABLED = frozenset({"InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"})
_EXPIRED = _NOT_ENABLED | {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "SignatureDoesNotMatch"}
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
)
# Where an operation needs a permission of another name.
_ACTIONS = {
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
}
# The fields of an answer and of a question with the next page. The SDK has no paginator for ListDataDeletionJobs.
_NEXT_PAGE = {
    "cloudtrail": ("NextToken", "NextToken"),
    "iam": ("Marker", "Marker"),
    "kms": ("NextMarker", "Marker"),
    "personalize": ("nextToken", "nextToken"),
}


class DoctorError(Exception):
    """The doctor can't look; the message is one line that says why, and what to do."""


class NotAnsweredError(Exception):
    """AWS doesn't answer a question, mostly for lack of a permission; the message says which one."""


class AbsentError(Exception):
    """Something that is asked for and doesn't exist."""


class Account:
    """An account and Region, asked through AWS's SDK, which tries again."""

    def __init__(self, session: boto3.session.Session, region: str) -> None:
        self._session = session
        self._clients: dict[tuple[str, str], Any] = {}
        self.region = region
        self.not_answered: dict[str, list[str]] = {}
        """The resources about which an action wasn't answered."""

    @staticmethod
    def connect(profile: str | None, region: str | None) -> Account:
        """Return an account, of which nothing is asked yet.

        Raises:
            DoctorError: without a Region, or for a profile or configuration that can't be used.
        """
        try:
            session = boto3.session.Session(profile_name=profile, region_name=region)
        except Exception as error:
            raise _explained(error) from error
        if not session.region_name:
            raise DoctorError("no Region: set --region or AWS_REGION")
        return Account(session, session.region_name)

    @cached_property
    def _identity(self) -> Any:
        try:
            return self.ask("sts", "GetCallerIdentity", "*")
        except NotAnsweredError as error:
            raise DoctorError(str(error)) from error

    @property
    def id(self) -> str:
        """Its number."""
        return str(self._identity["Account"])

    @property
    def partition(self) -> str:
        """Its partition."""
        return str(self._identity["Arn"]).split(":")[1]

    def client(self, service: str, region: str = "") -> Any:
        """Return a client of a service, in a Region of its own if one is given."""
        region = region or self.region
        if (service, region) not in self._clients:
            # A service may be any string here, which no overload of the stubs has.
            create: Any = self._session.client
            self._clients[service, region] = create(service, region_name=region)
        return self._clients[service, region]

    def knows(self, service: str, operation: str) -> bool:
        """Report whether the SDK has an operation, which an older one may lack."""
        return hasattr(self.client(service), xform_name(operation))

    def ask(self, service: str, operation: str, resource: str, *, decides: bool = True, **arguments: Any) -> Any:
        """Return the answer to an operation, such as ``DescribeKey``, from the Region of the resource.

        A question that goes elsewhere may fail where others don't: to another Region, which isn't enabled for the
        account or doesn't exist, or to S3, which answers from the bucket's Region. If the answer ``decides`` nothing,
        throttling doesn't end the work.

        Raises:
            NotAnsweredError: if the caller lacks the permission, or AWS has another error for this one question.
            AbsentError: if there is no such thing.
            DoctorError: if nothing can be asked, for example with expired credentials.
        """
        # The ARNs of IAM and S3 have no Region.
        region = (resource.split(":")[3] if resource.startswith("arn:") else "") or self.region
        elsewhere = service == "s3" or region != self.region
        answer: Any
        failed: exceptions.ClientError | None = None
        try:
            answer = getattr(self.client(service, region), xform_name(operation))(**arguments)
        except exceptions.ClientError as error:
            failed, answer = error, error.response
        except exceptions.ParamValidationError as error:  # a name that nothing can have
            raise AbsentError(str(error)) from error
        except Exception as error:  # the SDK raises those of files and of what it can't read, too
            if not elsewhere:
                raise _explained(error, self.region) from error
            raise self._not_answered(service, operation, resource, type(error).__name__) from error
        metadata = answer.get("ResponseMetadata", {})
        if "html" in metadata.get("HTTPHeaders", {}).get("content-type", "") and "RequestId" not in metadata:
            raise DoctorError(f"{service}:{operation} got a web page, no answer of AWS: check the proxy") from failed
        if failed is None:
            return answer
        code = _code_of(failed)
        if failed.operation_name != operation:  # the one that gets credentials
            raise _explained(failed) from failed
        if code in _ABSENT or (code in _IMPOSSIBLE and not operation.startswith("List")):
            raise AbsentError(code) from failed
        is_throttled, is_expired = code in _THROTTLED, code in _EXPIRED
        if (is_throttled and decides) or (is_expired and not (elsewhere and code in _NOT_ENABLED)):
            raise _explained(failed, self.region) from failed
        raise self._not_answered(service, operation, resource, code) from failed

    def see(self, service: str, operation: str, resource: str, **more: Any) -> tuple[Any, str]:
        """Return the answer to an operation, or why it can't be seen; none and no reason for what doesn't exist."""
        try:
            return self.ask(service, operation, resource, **more), ""
        except NotAnsweredError as error:
            return None, str(error)
        except AbsentError:
            return None, ""

    def pages(self, service: str, operation: str, member: str, resource: str, **more: Any) -> Iterator[Any]:
        """Yield the members of a listing, page by page."""
        answered, asked = _NEXT_PAGE[service]
        while True:
            found = self.ask(service, operation, resource, **more)
            yield from found[member]
            if not found.get(answered):
                return
            more[asked] = found[answered]

    def _not_answered(self, service: str, operation: str, resource: str, code: str) -> NotAnsweredError:
        action = f"{service}:{_ACTIONS.get(operation, operation)}"
        resources = self.not_answered.setdefault(action, [])
        if resource not in resources:
            resources.append(resource)
        why = "was denied" if code in _DENIED else f"failed with {code}"
        return NotAnsweredError(f"{action} {why}")


def _code_of(error: exceptions.ClientError) -> str:
    """Return the code of an error of AWS's."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _explained(error: Exception, region: str = "") -> DoctorError:
    """Return an error of AWS's or of its SDK in one line, with what to do about it."""
    said = shorten(str(error), 300, placeholder=" …")  # the SDK's words may have all of an answer in them
    code = _code_of(error) if isinstance(error, exceptions.ClientError) else ""
    if isinstance(error, exceptions.EndpointConnectionError):
        said += f": check the network, and whether {region} has Amazon Personalize"
    elif isinstance(error, exceptions.NoCredentialsError):
        said = "no credentials were found: set --profile, or sign in, for example with aws sso login"
    elif isinstance(error, exceptions.ClientError) and "AssumeRole" in error.operation_name:
        said = f"can't get credentials: {said}: allow it, or set another --profile"
    elif code in _NOT_ENABLED:
        said = f"AWS rejects the credentials in {region}: {said}: renew them, or enable the Region for the account"
    elif code in _EXPIRED:
        said = f"AWS rejects the credentials: {said}: renew them"
    elif code in _THROTTLED:
        said = f"AWS throttles the requests: {said}: try again later, or set AWS_MAX_ATTEMPTS to more than 5"
    elif not isinstance(error, (exceptions.BotoCoreError, exceptions.ClientError)):
        said = f"{type(error).__name__}: {said}: check the network, the proxy, and the configuration of AWS's SDK"
    return DoctorError(said)
