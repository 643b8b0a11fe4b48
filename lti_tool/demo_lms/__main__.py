"""Serve the demo site on loopback until it is stopped.

python -m lti_tool.demo_lms --port 8001 --state DIR --tool-url http://localhost:8000
"""

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from werkzeug.serving import make_server

from lti_tool.demo_lms.app import create_demo_lms
from lti_tool.demo_lms.clock import DemoStateError
from lti_tool.demo_lms.site import EXTENSION

HOST = "127.0.0.1"


def read_arguments(argv: list[str] | None) -> argparse.Namespace:
    """`argv` None: the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m lti_tool.demo_lms", description="A stand-in LMS, on loopback only."
    )
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument(
        "--state", type=Path, required=True, metavar="DIR", help="keys, first day and clock are kept here"
    )
    parser.add_argument("--tool-url", default="http://localhost:8000", help="where the tool runs")
    return parser.parse_args(argv)


def serve(arguments: argparse.Namespace) -> int:
    """Exit code: 0 when stopped by a signal, 2 when it could not start (the reason is printed)."""
    base_url = f"http://{HOST}:{arguments.port}"
    try:
        app = create_demo_lms(arguments.state, base_url, arguments.tool_url)
        server = make_server(HOST, arguments.port, app, threaded=True)
    except (DemoStateError, OSError) as error:
        print(f"The demo LMS cannot start: {error}", file=sys.stderr)
        return 2
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        # shutdown() waits for the loop that this very thread runs: it must be asked from another one
        stop.set()
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # addresses of a launch hold its state and nonce
    clock = app.extensions[EXTENSION].clock
    clock.keep_seen(stop)
    print(
        f"Demo LMS at {base_url} (day {clock.day} of {clock.length_days}), tool at {arguments.tool_url}",
        flush=True,
    )
    server.serve_forever()
    server.server_close()
    clock.mark_seen()
    return 0


def main(argv: list[str] | None = None) -> int:
    """Exit code of the command."""
    return serve(read_arguments(argv))


if __name__ == "__main__":
    sys.exit(main())
