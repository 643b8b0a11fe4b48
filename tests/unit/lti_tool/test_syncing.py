"""`ementor sync` on a terminal: the bar with its step, and Ctrl-C between two calls."""

from __future__ import annotations

import io
import signal
import sys

import pytest

from lti_tool.commands import syncing


class Terminal(io.StringIO):
    """A standard error that is one."""

    def isatty(self) -> bool:
        return True


def test_the_bar_names_the_step_that_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with syncing.progress_bar("Facilitation") as watcher:
        assert watcher is not None
        assert watcher.on_step
        assert watcher.on_progress
        watcher.on_step("roster")
        assert "members" in terminal.getvalue()
        watcher.on_progress(1, 4)
        watcher.on_step("completion")
        watcher.on_progress(2, 40)
    shown = terminal.getvalue()
    assert shown.index("members") < shown.index("learner by learner")
    assert "25%" in shown


def test_logs_are_no_place_for_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with syncing.progress_bar("Facilitation") as watcher:
        assert watcher is None


def test_ctrl_c_asks_once_and_ends_the_second_time() -> None:
    before = signal.getsignal(signal.SIGINT)
    with syncing.stop_on_interrupt() as is_stopped:
        assert not is_stopped()
        signal.raise_signal(signal.SIGINT)
        assert is_stopped()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
