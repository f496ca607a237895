"""The server as a process: its listeners, its traces, and its end with its parent."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from embedded_aws import EmbeddedAws
from tests.embedded_aws.scenario import policy, trust

ROOT = Path(__file__).resolve().parents[2]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _listeners(pid: int) -> set[str]:
    """The addresses on which a process listens, as in /proc/net: 0100007F is 127.0.0.1."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[len("socket:[") : -1])
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:  # 0A is LISTEN
                addresses.add(fields[1].partition(":")[0])
    return addresses


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's list of sockets")
def test_nothing_listens_beyond_loopback(running_aws: EmbeddedAws) -> None:
    """Every port of the server is on 127.0.0.1."""
    assert _listeners(running_aws.pid) == {"0100007F"}


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    """A parent that is killed outright takes the server with it."""
    script = (
        "import os, signal\n"
        "from embedded_aws import EmbeddedAws\n"
        "with EmbeddedAws() as aws:\n"
        "    print(aws.endpoint, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    parent = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    port = int(parent.stdout.rpartition(":")[2])
    deadline = time.monotonic() + 10
    while _answers(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _answers(port)


def test_a_server_is_as_it_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients, ARNs and the environment for the CDK CLI agree on account, Region and address.

    Nothing of the user's own AWS or proxy is between them. With `enforce`, IAM refuses a role
    without permissions. Leaving the context ends the process.
    """
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with EmbeddedAws(account="333333333333", region="us-east-1", enforce=True) as aws:
        pid = aws.pid
        group = aws.client("personalize").create_dataset_group(name="g")["datasetGroupArn"]
        environment = aws.environment(tmp_path)
        own = policy(trust({"AWS": "333333333333"}))
        role = aws.client("iam").create_role(RoleName="nobody", AssumeRolePolicyDocument=own)[
            "Role"
        ]["Arn"]
        session = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        with pytest.raises(ClientError, match="kms:ListKeys"):
            aws.client("kms", credentials=session).list_keys()
    assert not _alive(pid)
    assert group == "arn:aws:personalize:us-east-1:333333333333:dataset-group/g"
    assert environment["AWS_ENDPOINT_URL"] == aws.endpoint
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["HOME"] == str(tmp_path)
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & environment.keys()
