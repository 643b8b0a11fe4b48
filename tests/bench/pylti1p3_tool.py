"""The other side of the comparison: a tool on PyLTI1p3's Flask classes. Runs in an environment of its own.

Light: all state is in memory, and a launch is answered with a bare redirect. It keeps no people, no courses
and no sessions. How it gets the platform's keys is said by who starts it.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from flask import Flask, redirect
from pylti1p3.contrib.flask import (
    FlaskCacheDataStorage,
    FlaskMessageLaunch,
    FlaskOIDCLogin,
    FlaskRequest,
)
from pylti1p3.tool_config import ToolConfDict


class Memory:
    """A cache as the library wants one: values by key, in this process."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        """The value, or None."""
        return self._values.get(key)

    def set(self, key: str, value: Any, timeout: int | None = None) -> None:
        """Keep a value; nothing expires within a run."""
        with self._lock:
            self._values[key] = value


app = Flask(__name__)
app.secret_key = "bench only"
configuration = ToolConfDict(json.loads(os.environ["BENCH_PLATFORM"]))
storage = FlaskCacheDataStorage(Memory())


@app.post("/lti/login")
def login() -> Any:
    """To the platform's authorisation address."""
    request = FlaskRequest()
    flow = FlaskOIDCLogin(request, configuration, launch_data_storage=storage)
    return flow.redirect(request.get_param("target_link_uri"))


@app.post("/lti/launch")
def launch() -> Any:
    """Every check the library makes, then a redirect to a page."""
    accepted = FlaskMessageLaunch(FlaskRequest(), configuration, launch_data_storage=storage)
    accepted.get_launch_data()
    return redirect(f"/page/{accepted.get_launch_id()}", 303)


@app.get("/")
def ready() -> str:
    """The process is up."""
    return "ready"
