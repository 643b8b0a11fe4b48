"""What the demo refuses before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lti_tool.cli import main
from lti_tool.demo import DemoAddresses, DemoError, demo_environment, run_demo
from lti_tool.demo_lms import constants
from lti_tool.demo_lock import hold_state
from tests.harness.servers import free_ports, listen, port_of


def _never(_addresses: DemoAddresses) -> None:
    raise AssertionError("nothing was to be started")


def test_the_same_port_twice_is_refused_in_words(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    with pytest.raises(DemoError, match=rf"two ports, and both were given {port}\..*LMS_PORT=\d+"):
        run_demo(tmp_path, DemoAddresses(port, port), _never)


def test_a_taken_port_is_named_with_another_that_exists(tmp_path: Path) -> None:
    taken = listen()
    try:
        with pytest.raises(DemoError, match=rf"Port {port_of(taken)} is in use.* LMS_PORT=\d+"):
            run_demo(tmp_path, DemoAddresses(free_ports(1)[0], port_of(taken)), _never)
    finally:
        taken.close()


def test_the_demos_organisation_has_the_days_of_its_site(tmp_path: Path) -> None:
    mine = {"EMENTOR_DEFAULT_TIME_ZONE": "Pacific/Auckland", "PATH": "/bin"}
    environment = demo_environment(tmp_path, DemoAddresses(8000, 8001), mine)
    assert environment["EMENTOR_DEFAULT_TIME_ZONE"] == constants.TIME_ZONE
    assert environment["PATH"] == "/bin"


def test_what_a_running_demo_keeps_is_not_forgotten(tmp_path: Path) -> None:
    state = tmp_path / "demo"
    state.mkdir()
    (state / "kept").touch()
    forget = ["demo", "--state", str(state), "--forget"]
    with hold_state(state) as held:
        assert held
        refused = CliRunner().invoke(main, forget)
        again = CliRunner().invoke(main, ["demo", "--state", str(state)])
    for answer in (refused, again):
        assert answer.exit_code == 1
        assert f"A demo is running on {state}: end it first" in answer.output
    assert (state / "kept").exists()
    assert CliRunner().invoke(main, forget).exit_code == 0
    assert not state.exists()
    assert CliRunner().invoke(main, forget).exit_code == 0, "nothing to forget"
