"""Settings: defaults, every form a value may have, and errors that name the key but no secret."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from lti_tool.config import SETTINGS, ConfigError, Settings, load_settings

KEY = "k" * 40
MINIMAL = {"EMENTOR_SECRET_KEY": KEY}


def test_only_the_secret_key_must_be_given() -> None:
    settings = load_settings(MINIMAL)
    assert settings.secret_keys == (KEY,)
    assert settings.public_url == "http://localhost:8000"
    assert settings.database_url == f"sqlite:///{Path.cwd() / 'ementor.sqlite3'}"
    assert settings.tool_config is None
    assert settings.demo_clock is None
    assert not settings.allow_loopback_platforms


def test_every_setting_has_a_field_and_a_meaning() -> None:
    assert sorted(setting.field for setting in SETTINGS) == sorted(field.name for field in fields(Settings))
    assert all(setting.meaning and setting.name.startswith("EMENTOR_") for setting in SETTINGS)


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        load_settings(MINIMAL).public_url = "x"  # type: ignore[misc]


def test_several_secret_keys_keep_their_order() -> None:
    settings = load_settings({"EMENTOR_SECRET_KEY": f"{'n' * 32}, {'o' * 32}\n{'p' * 32}"})
    assert settings.secret_keys == ("n" * 32, "o" * 32, "p" * 32)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("EMENTOR_SECRET_KEY", "short-secret"),
        ("EMENTOR_SECRET_KEY", f"{KEY},short"),
        ("EMENTOR_SECRET_KEY", " , "),
        ("EMENTOR_DATABASE_URL", "mysql://x:geheim@h/d"),
        ("EMENTOR_PUBLIC_URL", "http://tool.example"),
        ("EMENTOR_PUBLIC_URL", "https://tool.example/path"),
        ("EMENTOR_PUBLIC_URL", "https://user:geheim@tool.example"),
        ("EMENTOR_PUBLIC_URL", "tool.example"),
        ("EMENTOR_PUBLIC_URL", "https://tool.example:port"),
        ("EMENTOR_TOOL_CONFIG", "/nowhere/tool_config.json"),
        ("EMENTOR_ALLOW_LOOPBACK_PLATFORMS", "perhaps"),
        ("EMENTOR_DATABASE_URL", "postgresql://x:geheim@h:port/d"),
        ("EMENTOR_DATABASE_URL", "postgresql+nodriver://x:geheim@h/d"),
        ("EMENTOR_DATABASE_URL", "postgresql"),
        ("EMENTOR_DATABASE_URL", "sqlite://e.sqlite3"),
        ("EMENTOR_DATABASE_URL", "sqlite+pysqlcipher://:geheim@/e.sqlite3"),
        ("EMENTOR_DEFAULT_LOCALE", "klingon"),
        ("EMENTOR_DEFAULT_LOCALE", "de"),
        ("EMENTOR_DEMO_CLOCK", "/no/such/folder/clock.json"),
        ("EMENTOR_DEFAULT_TIME_ZONE", "Mars/Olympus"),
        ("EMENTOR_DEFAULT_TIME_ZONE", "../../etc/passwd"),
        ("EMENTOR_SYNC_MINUTES", "0"),
        ("EMENTOR_SYNC_MINUTES", "1.5"),
        ("EMENTOR_SYNC_MINUTES", "²"),
        ("EMENTOR_JOBS", "celery"),
        ("EMENTOR_TRUSTED_PROXIES", "-1"),
        ("EMENTOR_LOG_LEVEL", "loud"),
        ("EMENTOR_ORGANISATION", "o" * 201),
        ("EMENTOR_DEMO_CLOCK", "/srv/clock.json"),
        ("EMENTOR_PRIVATE_HOSTS", "*.geheim.example"),
        ("EMENTOR_PRIVATE_HOSTS", "https://moodle.geheim.example"),
        ("EMENTOR_PRIVATE_HOSTS", "moodle.example:8443"),
        ("EMENTOR_PRIVATE_HOSTS", "10.0.0.0/8"),
    ],
)
def test_a_wrong_value_names_its_key_and_not_itself(key: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(MINIMAL | {key: value})
    assert caught.value.key == key
    assert str(caught.value).startswith(f"{key}: ")
    assert "geheim" not in str(caught.value)
    assert "short" not in str(caught.value)


def test_a_missing_secret_key_is_demanded() -> None:
    with pytest.raises(ConfigError, match="EMENTOR_SECRET_KEY: must be set"):
        load_settings({})
    with pytest.raises(ConfigError, match="EMENTOR_SECRET_KEY: must be set"):
        load_settings({"EMENTOR_SECRET_KEY": "  "})


def test_a_misspelt_key_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"^EMENTOR_PUBLIC_ULR: .* did you mean EMENTOR_PUBLIC_URL\?$"):
        load_settings(MINIMAL | {"EMENTOR_PUBLIC_ULR": "x"})


def test_other_variables_do_not_matter() -> None:
    load_settings(MINIMAL | {"PATH": "/bin", "EMENTOR_TEST_POSTGRES_URL": "postgresql://x"})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Tool.Example/", "https://tool.example"),
        ("https://tool.example:443", "https://tool.example"),
        ("https://tool.example:8443", "https://tool.example:8443"),
        ("http://localhost:9000/", "http://localhost:9000"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_public_url_is_kept_as_an_origin(given: str, kept: str) -> None:
    assert load_settings(MINIMAL | {"EMENTOR_PUBLIC_URL": given}).public_url == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("postgres://u@h/d", "postgresql://u@h/d"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("sqlite:////srv/e.sqlite3", "sqlite:////srv/e.sqlite3"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql://u:p%40%25@h:5433/d", "postgresql://u:p%40%25@h:5433/d"),
        ("sqlite:////srv/e.sqlite3?timeout=5", "sqlite:////srv/e.sqlite3?timeout=5"),
    ],
)
def test_database_addresses(given: str, kept: str) -> None:
    assert load_settings(MINIMAL | {"EMENTOR_DATABASE_URL": given}).database_url == kept


def test_the_demo_clock_needs_the_demo(tmp_path: Path) -> None:
    """Its folder must be there; the demo platform writes the file later."""
    demo = {"EMENTOR_DEMO_CLOCK": str(tmp_path / "clock.json")}
    with pytest.raises(ConfigError, match="EMENTOR_ALLOW_LOOPBACK_PLATFORMS"):
        load_settings(MINIMAL | demo)
    demo |= {"EMENTOR_ALLOW_LOOPBACK_PLATFORMS": "1"}
    assert load_settings(MINIMAL | demo).demo_clock == tmp_path / "clock.json"


@pytest.mark.parametrize("given", ["fr", "fr-CA", "en_GB"])
def test_a_default_language_may_be_a_kind_of_one_that_is_offered(given: str) -> None:
    assert load_settings(MINIMAL | {"EMENTOR_DEFAULT_LOCALE": given}).default_locale == given.replace(
        "-", "_"
    )


POSTGRESQL = MINIMAL | {"EMENTOR_DATABASE_URL": "postgresql://somebody@db/ementor"}


def test_jobs_are_run_by_apscheduler_unless_procrastinate_is_chosen() -> None:
    assert load_settings(POSTGRESQL).jobs == "apscheduler"
    assert load_settings(POSTGRESQL | {"EMENTOR_JOBS": "procrastinate"}).jobs == "procrastinate"


def test_procrastinate_needs_postgresql() -> None:
    with pytest.raises(ConfigError, match=r"^EMENTOR_JOBS: procrastinate needs PostgreSQL"):
        load_settings(MINIMAL | {"EMENTOR_JOBS": "procrastinate"})


def test_procrastinate_must_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"^EMENTOR_JOBS: .* install ementor\[postgres\]"):
        load_settings(POSTGRESQL | {"EMENTOR_JOBS": "procrastinate"})


def test_private_hosts_are_exact_names() -> None:
    given = {"EMENTOR_PRIVATE_HOSTS": "Moodle.Intranet.example., 10.0.0.5 fd00::5"}
    assert load_settings(MINIMAL | given).private_hosts == {"moodle.intranet.example", "10.0.0.5", "fd00::5"}
    assert load_settings(MINIMAL).private_hosts == frozenset()


def test_settings_do_not_show_their_secrets() -> None:
    settings = load_settings(MINIMAL | {"EMENTOR_DATABASE_URL": "postgresql://u:geheim@h/d"})
    assert KEY not in repr(settings)
    assert "geheim" not in repr(settings)
