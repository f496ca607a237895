"""How the doctor says that it couldn't look."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

_EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
)


class DoctorError(Exception):
    """The doctor can't look; the message is one line that says why, and what to do."""


class NotAnsweredError(Exception):
    """AWS doesn't answer a question, mostly for lack of a permission; the message says which one."""


class AbsentError(Exception):
    """What is asked for doesn't exist."""


def code_of(error: ClientError) -> str:
    """Return the code of an error of AWS's."""
    return str(error.response.get("Error", {}).get("Code", ""))


def stops(error: ClientError) -> bool:
    """Report whether the next question would get the same error."""
    return code_of(error) in _EXPIRED | _THROTTLED


def explained(error: ClientError | BotoCoreError) -> DoctorError:
    """Return an error of AWS's or of its SDK in one line, with what to do about it."""
    said = " ".join(str(error).split())
    if isinstance(error, NoRegionError):
        return DoctorError("there is no Region: give --region, or set AWS_REGION")
    if isinstance(error, NoCredentialsError):
        return DoctorError("there are no credentials: give --profile, or sign in, for example by aws sso login")
    if isinstance(error, ClientError) and code_of(error) in _EXPIRED:
        return DoctorError(f"AWS doesn't take the credentials: {said}: renew them")
    if isinstance(error, ClientError) and code_of(error) in _THROTTLED:
        return DoctorError(f"AWS throttles: {said}: try again later, or set AWS_MAX_ATTEMPTS to more than 5")
    return DoctorError(said)
