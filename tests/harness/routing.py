"""Addresses of an application, compiled once per process: Werkzeug compiles all of them for each application.

An application per test is what keeps tests apart; without this, compiling took half of making one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.routing import Rule


@contextmanager
def compiled_once() -> Iterator[None]:
    """Meanwhile, what builds an address is shared by all rules that read the same."""
    made: dict[Any, Callable[..., tuple[str, str]]] = {}
    compile_anew = Rule._compile_builder

    def compile_builder(self: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (self.rule, tuple(self._trace), repr(self.defaults), append_unknown)
        if key not in made:
            made[key] = compile_anew(self, append_unknown)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", compile_builder)
        yield
