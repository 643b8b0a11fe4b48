"""The command line on both databases: what it prints, what it stores, and how it refuses."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from course_sync.database import db
from course_sync.models import Context, Person, Platform
from lti_tool.app import create_app
from lti_tool.cli import main
from lti_tool.config import load_settings
from lti_tool.models import Invite
from lti_tool.secrets import Sealer
from mentor_console.models import AuditEntry, RoleGrant
from tests.harness.databases import sweeping, temporary_database

Run = Callable[..., Result]

PLATFORM = (
    *("--name", "College", "--issuer", "https://lms.example.org", "--client-id", "abc"),
    *("--auth-login-url", "https://lms.example.org/mod/lti/auth.php"),
    *("--auth-token-url", "https://lms.example.org/mod/lti/token.php"),
    *("--jwks-url", "https://lms.example.org/mod/lti/certs.php"),
)
MOODLE_TOKEN = "0123456789abcdef0123456789abcdef"


def environ_for(url: str) -> dict[str, str]:
    """Settings of a tool on this database."""
    return {
        "EMENTOR_DATABASE_URL": url,
        "EMENTOR_SECRET_KEY": "command-line-tests-secret-key-0001",
        "EMENTOR_PUBLIC_URL": "https://ementor.example.org",
    }


def upgrade(url: str) -> None:
    """As `ementor db upgrade` does it; once for all tests, which get copies."""
    result = CliRunner(env=environ_for(url)).invoke(main, ["db", "upgrade"])
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="session")
def upgraded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upgraded") / "ementor.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def upgraded_postgresql(postgresql_server: str, worker_id: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """A migrated database of this worker, and what empties it."""
    with temporary_database(postgresql_server, f"ementor_upgraded_{worker_id}") as url:
        upgrade(url)
        with sweeping(url) as sweep:
            yield url, sweep


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without rows."""
    if request.param == "sqlite":
        path = tmp_path / "ementor.sqlite3"
        shutil.copyfile(request.getfixturevalue("upgraded_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    url, sweep = request.getfixturevalue("upgraded_postgresql")
    yield url
    sweep()


@pytest.fixture
def environ(database_url: str) -> dict[str, str]:
    return environ_for(database_url)


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    def call(*arguments: str, given: str | None = None, **extra: str) -> Result:
        runner = CliRunner(env=environ | extra)
        result = runner.invoke(main, list(arguments), input=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return call


@pytest.fixture
def rows(environ: dict[str, str]) -> Callable[[Any], list[Any]]:
    """Every row of a table, read by an application of its own."""

    def read(model: Any) -> list[Any]:
        app = create_app(load_settings(environ))
        with app.app_context():
            found = list(db.session.scalars(db.select(model)))
            for row in found:
                db.session.expunge(row)
            db.session.remove()
            db.engine.dispose()
        return found

    return read


def test_platform_add_registers_and_says_what_to_paste(run: Run) -> None:
    added = run("platform", "add", *PLATFORM, "--deployment-id", "1", "--deployment-id", "2")
    assert added.exit_code == 0
    for address in ("/lti/login", "/lti/launch", "/.well-known/jwks.json"):
        assert f"https://ementor.example.org{address}" in added.output
    (listed,) = json.loads(run("platform", "list", "--json").output)
    assert (listed["issuer"], listed["client_id"]) == ("https://lms.example.org", "abc")
    assert listed["deployment_ids"] == ["1", "2"]


def test_repeating_platform_add_updates_the_same_platform(run: Run, rows: Callable[..., list[Any]]) -> None:
    run("platform", "add", *PLATFORM, "--deployment-id", "1")
    again = [part if part != "College" else "New name" for part in PLATFORM]
    run("platform", "add", *again, "--deployment-id", "2")
    (platform,) = rows(Platform)
    assert platform.name == "New name"
    assert json.loads(run("platform", "list", "--json").output)[0]["deployment_ids"] == ["1", "2"]


def test_an_address_that_is_not_https_is_refused_by_name(run: Run, rows: Callable[..., list[Any]]) -> None:
    plain = [
        part.replace("https://lms.example.org/mod/lti/certs", "http://lms.example.org/mod/lti/certs")
        for part in PLATFORM
    ]
    refused = run("platform", "add", *plain, "--deployment-id", "1")
    assert refused.exit_code == 1
    assert "jwks_url" in refused.output
    assert "https" in refused.output
    assert rows(Platform) == []


def test_connect_moodle_reads_the_token_from_standard_input_and_seals_it(
    run: Run, rows: Callable[..., list[Any]], environ: dict[str, str]
) -> None:
    run("platform", "add", *PLATFORM, "--deployment-id", "1")
    connected = run(
        *("platform", "connect-moodle", "--platform", "1", "--url", "https://lms.example.org/"),
        *("--report", "12"),
        given=MOODLE_TOKEN + "\n",
    )
    assert connected.exit_code == 0
    (platform,) = rows(Platform)
    assert (platform.moodle_url, platform.moodle_report_id) == ("https://lms.example.org", 12)
    assert MOODLE_TOKEN not in platform.moodle_token_sealed
    sealer = Sealer((environ["EMENTOR_SECRET_KEY"],))
    assert sealer.open(platform.moodle_token_sealed) == MOODLE_TOKEN
    assert MOODLE_TOKEN not in connected.output


@pytest.mark.parametrize("token", ["", "short", "not a token at all, with spaces"])
def test_connect_moodle_refuses_what_is_no_token(
    run: Run, rows: Callable[..., list[Any]], token: str
) -> None:
    run("platform", "add", *PLATFORM, "--deployment-id", "1")
    refused = run(
        "platform",
        "connect-moodle",
        "--platform",
        "1",
        "--url",
        "https://lms.example.org",
        given=token + "\n",
    )
    assert refused.exit_code == 1
    assert rows(Platform)[0].moodle_token_sealed is None


def test_person_grant_records_somebody_not_seen_yet(run: Run, rows: Callable[..., list[Any]]) -> None:
    run("platform", "add", *PLATFORM, "--deployment-id", "1")
    granted = run(
        "person", "grant", "--platform", "1", "--user", "144", "--role", "trainer", "--context", "7"
    )
    assert granted.exit_code == 0
    (grant,) = rows(RoleGrant)
    (person,) = rows(Person)
    (context,) = rows(Context)
    assert (grant.role, grant.person_id, grant.context_id) == ("trainer", person.id, context.id)
    assert (person.external_id, context.external_id) == ("144", "7")
    assert "role_granted" in {entry.action for entry in rows(AuditEntry)}


def test_a_grant_says_whether_its_course_was_seen_yet(run: Run, environ: dict[str, str]) -> None:
    run("platform", "add", *PLATFORM, "--deployment-id", "1")
    grant = ("person", "grant", "--platform", "1", "--user", "144", "--role", "trainer", "--context", "7")
    for _ in range(2):
        assert "No launch from a course 7 was seen yet" in run(*grant).output
    app = create_app(load_settings(environ))
    with app.app_context():
        db.session.scalars(db.select(Context)).one().title = "Statistics"
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    assert "seen yet" not in run(*grant).output


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("--platform", "0"),
        ("--platform", str(2**31)),
        ("--platform", "9" * 40),
        ("--user", " "),
        ("--user", "u" * 256),
        ("--context", ""),
        ("--context", "c" * 256),
        ("--context", "c\nd"),
    ],
)
def test_a_grant_with_an_impossible_value_names_it(
    run: Run, rows: Callable[..., list[Any]], key: str, value: str
) -> None:
    run("platform", "add", *PLATFORM, "--deployment-id", "1")
    good = {"--platform": "1", "--user": "144", "--role": "trainer", "--context": "7"}
    refused = run("person", "grant", *[part for pair in (good | {key: value}).items() for part in pair])
    assert refused.exit_code == 2
    assert key in refused.output
    assert rows(RoleGrant) == []


@pytest.mark.parametrize("number", ["0", str(2**31), "9" * 40, "\u00b2", "x"])
def test_a_sync_of_an_impossible_platform_is_refused_in_words(run: Run, number: str) -> None:
    refused = run("sync", "--context", f"{number}:7")
    assert refused.exit_code == 1
    assert "is not a platform number" in refused.output


UNREACHABLE = "postgresql://ementor:geheim@127.0.0.1:9/ementor"


@pytest.mark.parametrize("command", [("serve",), ("worker",), ("platform", "list"), ("db", "upgrade")])
def test_a_database_out_of_reach_stops_the_start_in_words(run: Run, command: tuple[str, ...]) -> None:
    refused = run(*command, EMENTOR_DATABASE_URL=UNREACHABLE)
    assert refused.exit_code == 1
    assert refused.output.strip() == "Error: The database cannot be reached; see EMENTOR_DATABASE_URL."


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_database_that_is_behind_stops_the_start_in_words(run: Run, tmp_path: Path, command: str) -> None:
    refused = run(command, EMENTOR_DATABASE_URL=f"sqlite:///{tmp_path / 'new.sqlite3'}")
    assert refused.exit_code == 1
    assert "ementor db upgrade" in refused.output


def test_an_upgrade_into_a_missing_folder_says_which(run: Run, tmp_path: Path) -> None:
    refused = run("db", "upgrade", EMENTOR_DATABASE_URL=f"sqlite:///{tmp_path / 'missing' / 'e.sqlite3'}")
    assert refused.exit_code == 1
    assert "EMENTOR_DATABASE_URL" in refused.output
    assert str(tmp_path / "missing") in refused.output


def test_an_upgrade_of_what_is_no_database_ends_as_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("This is no database. " * 100)
    refused = run("db", "upgrade", EMENTOR_DATABASE_URL=f"sqlite:///{tmp_path / 'notes.txt'}")
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: ")
    assert len(refused.output.splitlines()) == 1


def test_granting_twice_keeps_one_grant(run: Run, rows: Callable[..., list[Any]]) -> None:
    run("platform", "add", *PLATFORM, "--deployment-id", "1")
    for _ in range(2):
        assert run("person", "grant", "--platform", "1", "--user", "2", "--role", "admin").exit_code == 0
    assert len(rows(RoleGrant)) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--platform", "9", "--user", "2", "--role", "admin"), "no platform 9"),
        (("--platform", "1", "--user", "2", "--role", "trainer"), "--context"),
        (("--platform", "1", "--user", "2", "--role", "admin", "--context", "7"), "--context"),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(
    run: Run, rows: Callable[..., list[Any]], arguments: tuple[str, ...], said: str
) -> None:
    run("platform", "add", *PLATFORM, "--deployment-id", "1")
    refused = run("person", "grant", *arguments)
    assert refused.exit_code == 1
    assert said in refused.output
    assert rows(RoleGrant) == []


def test_sync_names_an_unknown_course(run: Run) -> None:
    assert "No course is known yet" in run("sync").output
    refused = run("sync", "--context", "7")
    assert refused.exit_code == 1
    assert "7" in refused.output


def test_sync_asks_which_platform_when_two_have_the_course(run: Run) -> None:
    run("platform", "add", *PLATFORM, "--deployment-id", "1")
    run("platform", "add", *[part if part != "abc" else "xyz" for part in PLATFORM], "--deployment-id", "1")
    for platform in ("1", "2"):
        run("person", "grant", "--platform", platform, "--user", "5", "--role", "mentor", "--context", "7")
    refused = run("sync", "--context", "7")
    assert refused.exit_code == 1
    assert "1:7" in refused.output
    assert "2:7" in refused.output


def test_sync_of_a_course_without_any_source_says_so_and_fails(run: Run) -> None:
    run("platform", "add", *PLATFORM, "--deployment-id", "1")
    run("person", "grant", "--platform", "1", "--user", "5", "--role", "mentor", "--context", "7")
    failed = run("sync", "--context", "1:7")
    assert failed.exit_code == 1
    assert "no_source" in failed.output


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("EMENTOR_SECRET_KEY", "short"),
        ("EMENTOR_PUBLIC_URL", "http://ementor.example.org"),
        ("EMENTOR_SYNK_MINUTES", "5"),
    ],
)
def test_a_wrong_setting_stops_the_start_naming_its_key(run: Run, key: str, value: str) -> None:
    refused = run("platform", "list", **{key: value})
    assert refused.exit_code == 1
    assert key in refused.output
    if key == "EMENTOR_SECRET_KEY":
        assert value not in refused.output.replace(key, "")


def test_a_database_that_was_never_migrated_says_what_to_run(tmp_path: Any, run: Run) -> None:
    refused = run("platform", "list", EMENTOR_DATABASE_URL=f"sqlite:///{tmp_path / 'new.sqlite3'}")
    assert refused.exit_code == 1
    assert "ementor db upgrade" in refused.output


def test_an_invite_is_a_link_listed_without_its_secret_and_taken_back(run: Run, rows: Any) -> None:
    link = run("platform", "invite", "--days", "3").output.strip()
    assert re.fullmatch(r"https://ementor\.example\.org/lti/register\?invite=[\w-]{43}", link)
    (invite,) = rows(Invite)
    assert (invite.expires_at - invite.created_at).days == 3
    assert not invite.approve_at_once
    assert link[-43:] not in str(vars(invite))
    listed = run("platform", "invites").output
    assert "open, until" in listed
    assert link[-43:] not in listed
    assert run("platform", "withdraw", "--invite", str(invite.id)).exit_code == 0
    assert "withdrawn, until" in run("platform", "invites").output
    again = run("platform", "withdraw", "--invite", str(invite.id))
    assert (again.exit_code, again.output) == (1, "Error: invite: there is no open one of this number\n")


def test_an_invite_for_whom_it_does_not_concern(run: Run, rows: Any) -> None:
    run("platform", "add", *PLATFORM, "--deployment-id", "1")
    (platform,) = rows(Platform)
    refused = run("platform", "invite", "--organisation", "Nobody's")
    assert refused.exit_code == 1
    assert "known: Organisation" in refused.output
    assert run("platform", "invite", "--update", "999").exit_code == 1
    assert run("platform", "invite", "--update", str(platform.id), "--approve").exit_code == 0
    (invite,) = rows(Invite)
    assert (invite.platform_id, invite.approve_at_once) == (platform.id, True)
    run("organisation", "add", "--name", "House B")
    for command in (("invite", "--update", str(platform.id)), ("add", *PLATFORM, "--deployment-id", "1")):
        foreign = run("platform", *command, "--organisation", "House B")
        assert (foreign.exit_code, "another" in foreign.output) == (1, True)


def test_a_platform_is_refused_and_approved_with_what_waits(run: Run, rows: Any) -> None:
    assert run("platform", "add", *PLATFORM).exit_code == 1, "only Canvas may come without a deployment"
    run("platform", "add", *PLATFORM, "--product", "canvas")
    (platform,) = rows(Platform)
    number = ("--platform", str(platform.id))
    assert run("platform", "refuse", *number).exit_code == 0
    assert json.loads(run("platform", "list", "--json").output)[0]["status"] == "refused"
    again = run("platform", "add", *PLATFORM, "--product", "canvas", "--deployment-id", "8:abc")
    assert "still not let in" in again.output
    described = json.loads(run("platform", "list", "--json").output)[0]
    assert (described["status"], described["deployment_ids"]) == ("refused", ["8:abc"])
    assert run("platform", "approve", *number).exit_code == 0
    assert json.loads(run("platform", "list", "--json").output)[0]["status"] == "active"
    assert [row.action for row in rows(AuditEntry)][-1] == "platform_approved"


def test_organisations_are_added_once_and_listed(run: Run) -> None:
    assert run("organisation", "add", "--name", "Élan", "--time-zone", "Europe/Brussels").exit_code == 0
    wrong = (("--name", "Élan"), ("--name", "B", "--time-zone", "Mars"), ("--name", "B", "--locale", "tlh"))
    assert [run("organisation", "add", *options).exit_code for options in wrong] == [1, 1, 1]
    platform = ("platform", "add", *PLATFORM, "--deployment-id", "1", "--organisation", "Élan")
    assert run(*platform).exit_code == 0
    (listed,) = json.loads(run("organisation", "list", "--json").output)
    assert (listed["name"], listed["time_zone"], listed["platforms"]) == ("Élan", "Europe/Brussels", 1)
