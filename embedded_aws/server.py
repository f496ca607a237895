"""The server process: ministack with the extension, on a free loopback port.

Run as `python -m embedded_aws.server` by `EmbeddedAws`. It writes its port to standard output once
the extension is in place, and ends when its standard input does: that is how it learns that the
process which started it is gone, however that one ended.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from importlib import import_module
from typing import Any

EXTENSIONS = (
    "cloudformation_types",
    "cloudformation_order",
    "kms_rules",
    "s3_encryption",
    "step_functions",
    "json_paths",
    "nested_events",
    "existing_names",
    "faults",
)


def main() -> None:
    """Serve until standard input ends or the process is told to stop."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    # ministack reads its settings while it is imported, and builds addresses from its port.
    os.environ["GATEWAY_PORT"] = str(port)
    app = _extended_ministack()
    print(port, flush=True)
    # Nobody reads standard output after the port; what services print belongs in the log.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asyncio.run(_serve(app, listener))
    # Worker threads of ministack have nothing left to save.
    os._exit(0)


def _extended_ministack() -> Any:
    from ministack import app
    from ministack.core import iam_actions, router

    from embedded_aws import personalize_service

    app.SERVICE_REGISTRY["personalize"] = {"module": "personalize"}
    app._loaded_modules["personalize"] = personalize_service
    app.SERVICE_HANDLERS["personalize"] = app._lazy_handler("personalize")
    router.SERVICE_PATTERNS["personalize"] = {
        "target_prefixes": [personalize_service.TARGET_PREFIX]
    }
    # Loopback counts as TLS, which buckets ask for (`aws:SecureTransport`), the CDK's bootstrapped
    # one among them.
    pin_origin = app.pin_request_origin
    app.pin_request_origin = lambda address, secure: pin_origin(address, True)
    iam_actions.SERVICE_TO_IAM_NAMESPACE["personalize"] = "personalize"
    for name in EXTENSIONS:
        import_module(f"embedded_aws.{name}").register()
    return app.app


async def _serve(app: Any, listener: socket.socket) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = os.environ.get("LOG_LEVEL", "INFO")
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.1

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_end_of_input() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait_for_end_of_input, daemon=True).start()
    await serve(app, config, shutdown_trigger=stop.wait)


if __name__ == "__main__":
    main()
