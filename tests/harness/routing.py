"""Addresses of an application, compiled once per process: Werkzeug compiles all of them for each application.

An application per test is what keeps tests apart; without this, compiling took more than half of making one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.routing import Rule

_READ_FROM = ("rule", "subdomain", "host", "defaults", "merge_slashes")
_COMPILED = ("_parts", "_trace", "_converters", "arguments")
"""What compiling makes, and nothing changes afterwards."""
_BUILDERS = ("_build", "_build_unknown")
"""The same, but bound to their rule."""


@contextmanager
def compiled_once() -> Iterator[None]:
    """Meanwhile, what is compiled of an address is shared by all rules that read the same."""
    made: dict[Any, Rule] = {}
    compile_anew = Rule.compile

    def compile_rule(self: Rule) -> None:
        key = tuple(repr(getattr(self, name)) for name in _READ_FROM)
        first = made.get(key)
        if first is None:
            compile_anew(self)
            made[key] = self
            return
        for name in _COMPILED:
            setattr(self, name, getattr(first, name))
        for name in _BUILDERS:
            setattr(self, name, getattr(first, name).__func__.__get__(self))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "compile", compile_rule)
        yield
