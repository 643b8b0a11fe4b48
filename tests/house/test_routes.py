"""Every route says who may enter, or stands on the short list of public ones."""

from __future__ import annotations

import pytest
from flask import Flask

PUBLIC = {"/", "/lti/login", "/lti/launch", "/.well-known/jwks.json", "/healthz", "/readyz"}
PUBLIC |= {"/lti/register", "/lti/canvas.json"}
PUBLIC |= {"/lti/storage", "/lti/continue", "/lti/enter"}
PARTS = {"mentor", "trainer", "learner", "admin", "applicant", "anyone"}


def test_every_route_declares_who_may_enter(app: Flask) -> None:
    """`open_to` on the view, with parts that exist."""
    undeclared = []
    for rule in app.url_map.iter_rules():
        if rule.rule in PUBLIC or _is_static(rule.rule, rule.endpoint):
            continue
        parts = getattr(app.view_functions[rule.endpoint], "open_to", None)
        if not parts or not parts <= PARTS:
            undeclared.append(f"{rule.rule} -> {rule.endpoint}")
    assert undeclared == []


def test_the_public_routes_exist(app: Flask) -> None:
    """The list above is no longer than the house."""
    assert {rule.rule for rule in app.url_map.iter_rules()} >= PUBLIC


def test_guarded_routes_live_under_a_session(app: Flask) -> None:
    """A page of a person has the handle of a launch in its address."""
    for rule in app.url_map.iter_rules():
        if hasattr(app.view_functions[rule.endpoint], "open_to"):
            assert rule.rule.startswith("/s/<handle>/"), rule.rule


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_only_get_and_post_are_used(app: Flask, method: str) -> None:
    """Pages work without JavaScript, and forms know no other method."""
    assert [rule.rule for rule in app.url_map.iter_rules() if method in (rule.methods or set())] == []


def _is_static(rule: str, endpoint: str) -> bool:
    return endpoint.split(".")[-1] == "static" and rule.endswith("<path:filename>")
