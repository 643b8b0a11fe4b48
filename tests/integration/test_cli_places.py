"""`ementor platform`: one place of a platform is let in, refused and let in again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lti_tool.cli import main
from tests.integration.test_cli import PLATFORM, environ_for, upgrade


@pytest.fixture
def runner(tmp_path: Path) -> CliRunner:
    url = f"sqlite:///{tmp_path / 'ementor.sqlite3'}"
    upgrade(url)
    return CliRunner(env=environ_for(url))


def test_a_place_is_refused_stays_so_and_is_let_in_again(runner: CliRunner) -> None:
    def platform(*arguments: str) -> tuple[int, str]:
        result = runner.invoke(main, ["platform", *arguments])
        return result.exit_code, result.output

    def described() -> dict[str, Any]:
        (row,) = json.loads(platform("list", "--json")[1])
        return {key: row[key] for key in ("status", "deployment_ids", "refused")}

    added = ("add", *PLATFORM, "--deployment-id", "1", "--deployment-id", "2")
    assert platform(*added)[0] == 0
    assert platform("refuse", "--platform", "1", "--deployment", "2")[0] == 0
    assert described() == {"status": "active", "deployment_ids": ["1"], "refused": ["2"]}
    assert "places not let in: 2" in platform("list")[1]
    told = platform(*added)[1]
    assert "Its place 2 is still not let in: ementor platform approve --platform 1 --deployment 2" in told
    assert "place 1" not in told
    assert platform("approve", "--platform", "1")[0] == 0
    assert described()["refused"] == ["2"], "only by its name"
    assert platform("approve", "--platform", "1", "--deployment", "2")[0] == 0
    assert described() == {"status": "active", "deployment_ids": ["1", "2"], "refused": []}
    code, said = platform("approve", "--platform", "1", "--deployment", "3")
    assert (code, "platform 1 has none of this id; known: 1, 2" in said) == (1, True)
    assert platform("refuse", "--platform", "1")[0] == 0
    assert (
        "The platform itself is still not" in platform("approve", "--platform", "1", "--deployment", "1")[1]
    )
