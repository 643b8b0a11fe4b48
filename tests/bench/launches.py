"""Launches per second, ours beside PyLTI1p3's Flask classes: whole requests, same server, load and run.

`make bench` runs it. Ours keeps state, people and sessions in a SQLite file, PyLTI1p3 its state in memory.
Both know the platform by the address of its keys, which PyLTI1p3 reads at each launch unless told otherwise;
a third row shows it with the keys in its configuration, where they can never rotate. Prints a table; fails
where ours is slower than PyLTI1p3 as it comes, or where a launch of ours did not consume its state.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from werkzeug import Request, Response

from course_sync.database import db
from course_sync.models import Context, Platform, SyncRun
from lti_tool.app import create_app
from lti_tool.config import load_settings
from tests.bench.launch_load import PEOPLE, Side, launch_twice, run_round
from tests.harness import databases
from tests.harness.lti_platform import TestPlatform
from tests.harness.servers import LOOPBACK, free_ports, listen, port_of, served

ROOT = Path(__file__).parents[2]
PEER_FOLDER = ROOT / ".bench" / "pylti1p3"
PEER_PACKAGES = ("PyLTI1p3==2.0.0", "flask~=3.1", "gunicorn>=23")
NAMES = ("ours", "PyLTI1p3 2.0.0", "  with fixed keys")
ROUNDS = 9
LAUNCHES = PEOPLE // 6
"""Of a round. A first one of each side, in which all are new, is not counted; short rounds share the load."""
MIN_RATIO = 1.0
AIMED_RATIO = 1.5


def main() -> int:
    """Exit status 1 where a bound is not held."""
    make_peer_environment()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        platform = stack.enter_context(serve_platform())
        sides = [Side(name, LOOPBACK, port) for name, port in zip(NAMES, free_ports(3), strict=True)]
        stack.enter_context(serve_ours(sides[0], platform, folder))
        stack.enter_context(serve_theirs(sides[1], platform, {"key_set_url": platform.issuer + "/certs"}))
        stack.enter_context(serve_theirs(sides[2], platform, {"key_set": platform.jwks()}))
        rates = measure(sides, platform)
        replays = {side.name: replay_status(side, platform) for side in sides}
        unconsumed = count_unconsumed(folder)
    return report(rates, replays, unconsumed)


def measure(sides: list[Side], platform: TestPlatform) -> dict[str, list[float]]:
    """Launches per second of each side, round after round in turn: the machine's load meets all alike."""
    for side in sides:
        run_round(side, platform, LAUNCHES)
    rates: dict[str, list[float]] = {side.name: [] for side in sides}
    for _ in range(ROUNDS):
        for side in sides:
            rates[side.name].append(run_round(side, platform, LAUNCHES))
    return rates


def report(rates: dict[str, list[float]], replays: dict[str, int], unconsumed: int) -> int:
    """Print the table and what follows from it."""
    columns = " ".join(f"{number:>5}" for number in range(1, ROUNDS + 1))
    print(f"{'launches per second':<20} {columns} {'median':>9}  a replayed launch gets")
    for name, values in rates.items():
        rounds = " ".join(f"{value:>5.0f}" for value in values)
        print(f"{name:<20} {rounds} {statistics.median(values):>9.0f}  {replays[name]}")
    ours, theirs, theirs_fixed = (statistics.median(values) for values in rates.values())
    ratio = ours / theirs
    kept = ratio >= MIN_RATIO and unconsumed == 0 and replays["ours"] >= 400
    print(f"with keys in the configuration, for information: ratio {ours / theirs_fixed:.2f}")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load of the machine, which has {os.cpu_count()} processors: {load}")
    print(f"ratio {ratio:.2f} (at least {MIN_RATIO}, aim {AIMED_RATIO}); states not consumed: {unconsumed}")
    print(f"bounds: {'kept' if kept else 'NOT KEPT'}")
    return 0 if kept else 1


def replay_status(side: Side, platform: TestPlatform) -> int:
    """What a browser gets that sends an accepted launch a second time."""
    first, second = launch_twice(side, platform)
    if first.status not in (302, 303):
        raise RuntimeError(f"{side.name} refused a launch with {first.status}")
    return second.status


def count_unconsumed(folder: Path) -> int:
    """Logins of ours whose state nobody consumed, and launches without a session; 0 when all is well."""
    with closing(sqlite3.connect(folder / "bench.sqlite3")) as database:
        logins, consumed, sessions = (
            database.execute(f"SELECT COUNT(*) FROM {which}").fetchone()[0]
            for which in ("login_state", "login_state WHERE consumed_at IS NOT NULL", "launch_session")
        )
    return abs(logins - consumed) + abs(consumed - sessions)


@contextmanager
def serve_platform() -> Iterator[TestPlatform]:
    """A platform whose key set is read over HTTP."""
    listener = listen()
    platform = TestPlatform(issuer=f"http://{LOOPBACK}:{port_of(listener)}")

    @Request.application
    def answer(_request: Request) -> Response:
        return Response(json.dumps(platform.jwks()), content_type="application/json")

    with served(answer, listener):
        yield platform
    listener.close()


@contextmanager
def serve_ours(side: Side, platform: TestPlatform, folder: Path) -> Iterator[None]:
    """The whole tool as it is, on a SQLite file with every table."""
    url = f"sqlite:///{folder / 'bench.sqlite3'}"
    environ = {
        "EMENTOR_DATABASE_URL": url,
        "EMENTOR_PUBLIC_URL": side.origin,
        "EMENTOR_SECRET_KEY": "bench-only-secret-key-of-enough-length",
        "EMENTOR_ALLOW_LOOPBACK_PLATFORMS": "1",
        "EMENTOR_LOG_LEVEL": "WARNING",
    }
    databases.create_tables(url)
    app = create_app(load_settings(environ))
    platform_id = platform.register(app)
    with app.app_context():
        _sync_course(platform_id)
    with _gunicorn(Path(sys.executable), "lti_tool.app:create_app()", side, ROOT, environ):
        yield


def _sync_course(platform_id: int) -> None:
    """The course everybody comes from has been pulled once, as a course has from its first hour on."""
    organisation_id = db.session.get_one(Platform, platform_id).organisation_id
    course = Context(organisation_id=organisation_id, platform_id=platform_id, external_id="course-1")
    db.session.add(course)
    db.session.flush()
    now = datetime.now(UTC)
    run = {"trigger": "launch", "state": "done", "started_at": now, "beat_at": now, "as_of": now}
    db.session.add(SyncRun(context_id=course.id, **run))
    db.session.commit()
    db.session.remove()
    db.engine.dispose()


@contextmanager
def serve_theirs(side: Side, platform: TestPlatform, keys: dict[str, Any]) -> Iterator[None]:
    """A tool on PyLTI1p3 that knows the platform's keys in one of the library's two ways."""
    known = {
        "client_id": platform.client_id,
        "auth_login_url": platform.issuer + "/auth",
        "auth_token_url": platform.issuer + "/token",
        "deployment_ids": [platform.deployment_id],
    } | keys
    environ = {"BENCH_PLATFORM": json.dumps({platform.issuer: known})}
    with _gunicorn(_peer_python(), "pylti1p3_tool:app", side, Path(__file__).parent, environ):
        yield


@contextmanager
def _gunicorn(python: Path, app: str, side: Side, folder: Path, environ: dict[str, str]) -> Iterator[None]:
    """Serve an application from a process of its own until the block ends."""
    settings = Path(__file__).with_name("gunicorn_settings.py")
    command = [python, "-m", "gunicorn", "--config", settings, "--chdir", folder]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EMENTOR_")}
    process = subprocess.Popen(
        [*command, "--bind", f"{side.host}:{side.port}", app], cwd=folder, env=inherited | environ
    )
    try:
        _wait_for(side, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(side: Side, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"{side.name}: the server ended with status {process.returncode}")
        try:
            with urlopen(side.origin + "/", timeout=5):
                return
        except OSError:  # URLError is one
            time.sleep(0.1)
    raise RuntimeError(f"{side.name}: the server did not answer within 30 seconds")


def make_peer_environment() -> None:
    """PyLTI1p3 in an environment of its own, made once; the project's own never sees it."""
    stamp = PEER_FOLDER / ".installed"
    if stamp.exists() and stamp.read_text("utf-8") == "\n".join(PEER_PACKAGES):
        return
    print("Installing PyLTI1p3 into an environment of its own (once; a minute) ...")
    venv.create(PEER_FOLDER, with_pip=True, clear=True)
    install = [_peer_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *PEER_PACKAGES], check=True)
    stamp.write_text("\n".join(PEER_PACKAGES), "utf-8")


def _peer_python() -> Path:
    return PEER_FOLDER / "bin" / "python"


if __name__ == "__main__":
    sys.exit(main())
