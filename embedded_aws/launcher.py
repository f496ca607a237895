"""Starts the embedded AWS for a test or a demo, and ends exactly the process it started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

GRACE_SECONDS = 5.0
START_SECONDS = 60.0

# No proxy of the environment is asked for a loopback address.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class EmbeddedAws:
    """A context manager: an AWS on 127.0.0.1 that checks what Amazon Personalize would check.

    `account` and `region` are what its clients work in. `enforce` makes it check the caller's own
    IAM permissions on every call too.
    """

    def __init__(
        self, *, account: str = "111111111111", region: str = "eu-west-1", enforce: bool = False
    ) -> None:
        self.account = account
        self.region = region
        self.endpoint = ""
        self._enforce = enforce
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[tuple[str, str, str], Any] = {}

    def __enter__(self) -> Self:
        self._scratch = tempfile.TemporaryDirectory(prefix="embedded-aws-")
        try:
            self._start(Path(self._scratch.name))
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise RuntimeError("the embedded AWS is not running: use it as a context manager")
        return self._process.pid

    def client(
        self,
        service: str,
        *,
        account: str | None = None,
        region: str | None = None,
        credentials: dict[str, Any] | None = None,
    ) -> Any:
        """A boto3 client of this AWS, and of nothing else.

        `account` and `region` act in another one, `credentials` as a role that STS has given them
        for.
        """
        # Imported here: the server process imports this package too, and needs no boto3 to start.
        import boto3
        from botocore.config import Config

        owner = credentials["AccessKeyId"] if credentials else account or self.account
        region = region or self.region
        if (service, owner, region) not in self._clients:
            session = boto3.session.Session(
                botocore_session=_botocore_session(),
                # ministack takes an access key of twelve digits for the account it acts in.
                aws_access_key_id=owner,
                aws_secret_access_key=credentials["SecretAccessKey"] if credentials else "embedded",
                aws_session_token=credentials["SessionToken"] if credentials else None,
                region_name=region,
            )
            config = Config(
                proxies={}, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
            )
            # a service may be any string here, which no overload of the stubs has
            create: Any = session.client
            self._clients[service, owner, region] = create(
                service, endpoint_url=self.endpoint, config=config
            )
        return self._clients[service, owner, region]

    def environment(self, home: Path) -> dict[str, str]:
        """Environment variables under which the CDK CLI and the AWS SDKs work with this AWS.

        `home` keeps the CLI's caches apart from the user's: it remembers which account an access
        key belongs to.
        """
        return {
            **_inherited_without("AWS_"),
            "HOME": str(home),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "embedded",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DEFAULT_ACCOUNT": self.account,
            "CDK_DEFAULT_REGION": self.region,
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def reset(self) -> None:
        """Everything gone: stacks, keys, roles, buckets, Personalize."""
        _open(urllib.request.Request(f"{self.endpoint}/_ministack/reset", method="POST"))

    def fail_next(
        self, operation: str, code: str, *, times: int = 1, after_the_fact: bool = False
    ) -> None:
        """Have Personalize answer its next calls of an operation with an error.

        `ScheduleKeyDeletion` is CloudFormation's, when it deletes a key. With `after_the_fact` the
        call does its work, and only the answer is lost.
        """
        self._tell_personalize(
            "FailNext", operation=operation, code=code, times=times, after_the_fact=after_the_fact
        )

    def freeze_jobs(self, status: str | None) -> None:
        """Hold all jobs at this status; with none, let them go on."""
        self._tell_personalize("FreezeJobs", status=status)

    def fail_training(self) -> None:
        """Have the solution versions that are in training end as CREATE FAILED."""
        self._tell_personalize("FailTraining")

    def _tell_personalize(self, target: str, **fields: Any) -> None:
        owner = f"{self.account}/20260101/{self.region}/personalize/aws4_request"
        headers = {
            "X-Amz-Target": f"AmazonPersonalize.{target}",
            "Content-Type": "application/x-amz-json-1.1",
            # For a server that asks who calls.
            "Authorization": f"AWS4-HMAC-SHA256 Credential={owner}",
        }
        _open(urllib.request.Request(self.endpoint, json.dumps(fields).encode(), headers))

    def _start(self, scratch: Path) -> None:
        with open(scratch / "log", "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "embedded_aws.server"],
                cwd=Path(__file__).resolve().parent.parent,
                env=self._server_environment(scratch),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # Ctrl-C is for the caller to handle, who then ends the server.
                start_new_session=True,
            )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port.isdigit():
            log_tail = "\n".join((scratch / "log").read_text(errors="replace").splitlines()[-40:])
            raise RuntimeError(f"the embedded AWS did not start, its log ends with:\n{log_tail}")
        self.endpoint = f"http://127.0.0.1:{int(port)}"
        # The port listens already; the answer comes when ministack is ready.
        _open(urllib.request.Request(f"{self.endpoint}/_ministack/health"))

    def _server_environment(self, scratch: Path) -> dict[str, str]:
        own = ("MINISTACK_", "SERVICES", "USE_SSL", "PERSIST_STATE", "S3_PERSIST", "LOCALSTACK_")
        return {
            **_inherited_without("AWS_", *own),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": self.account,
            "MINISTACK_REGION": self.region,
            "MINISTACK_HOST": "127.0.0.1",
            "DOCKER_HOST": "unix:///nonexistent",
            # Listeners of their own, on every interface
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "AUTH": "true" if self._enforce else "false",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "PYTHONUNBUFFERED": "1",
            # Jobs come along by being looked at, so that a state machine need not wait for them: 30
            # seconds are 30 ms.
            "SFN_WAIT_SCALE": "0.001",
            # Code of Lambda functions is unpacked below it.
            "TMPDIR": str(scratch),
        }

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()  # the server's sign to end
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None


def _open(request: urllib.request.Request) -> None:
    with _opener.open(request, timeout=START_SECONDS) as response:
        response.read()


def _inherited_without(*beginnings: str) -> dict[str, str]:
    """The environment's variables whose names don't begin like that."""
    return {name: value for name, value in os.environ.items() if not name.startswith(beginnings)}


@cache
def _descriptions() -> Any:
    """Return the loader of botocore's service descriptions."""
    from botocore.loaders import create_loader

    return create_loader()


def _botocore_session() -> Any:
    import botocore.session

    # The user's own profile and files have no say: not even the name of a profile is looked up.
    unset = (None, None, None, None)
    nowhere = (None, None, os.devnull, None)
    own_settings = {"profile": unset, "config_file": nowhere, "credentials_file": nowhere}
    session = botocore.session.Session(session_vars=own_settings)
    session.register_component("data_loader", _descriptions())
    return session
