"""Errors by which the doctor says that it couldn't look."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

# Also what a Region says that isn't enabled for the account
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html).
NOT_ENABLED = frozenset({"InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"})
_EXPIRED = NOT_ENABLED | {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "SignatureDoesNotMatch"}
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
)


class DoctorError(Exception):
    """The doctor can't look; the message is one line that says why, and what to do."""


class NotAnsweredError(Exception):
    """AWS doesn't answer a question, mostly for lack of a permission; the message says which one."""


class AbsentError(Exception):
    """Something that is asked for and doesn't exist."""


def code_of(error: ClientError) -> str:
    """Return the code of an error of AWS's."""
    return str(error.response.get("Error", {}).get("Code", ""))


def stops(error: ClientError) -> bool:
    """Report whether the next question would get the same error."""
    return code_of(error) in _EXPIRED | _THROTTLED


def explained(error: ClientError | BotoCoreError, region: str = "") -> DoctorError:
    """Return an error of AWS's or of its SDK in one line, with what to do about it."""
    said = " ".join(str(error).split())
    if isinstance(error, EndpointConnectionError):
        return DoctorError(f"{said}: look at the network, and whether {region} is a Region that has Amazon Personalize")
    if isinstance(error, NoCredentialsError):
        return DoctorError("there are no credentials: give --profile, or sign in, for example by aws sso login")
    if isinstance(error, ClientError) and code_of(error) in NOT_ENABLED:
        return DoctorError(
            f"AWS doesn't take the credentials in {region}: {said}: renew them, or enable the Region for the account"
        )
    if isinstance(error, ClientError) and code_of(error) in _EXPIRED:
        return DoctorError(f"AWS doesn't take the credentials: {said}: renew them")
    if isinstance(error, ClientError) and code_of(error) in _THROTTLED:
        return DoctorError(f"AWS throttles: {said}: try again later, or set AWS_MAX_ATTEMPTS to more than 5")
    return DoctorError(said)
