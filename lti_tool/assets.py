"""The door's own scripts: the same for everybody, outside any session, kept by browsers until they change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, request, url_for

_FOLDER = Path(__file__).resolve().parent / "static"

blueprint = Blueprint("lti_assets", __name__, static_folder=str(_FOLDER), static_url_path="/static/lti")


@blueprint.app_context_processor
def add_script_url() -> dict[str, Callable[[str], str]]:
    """What the door's templates ask for."""
    return {"script_url": script_url}


def script_url(filename: str) -> str:
    """Address of a script with its fingerprint, so that a launch need not ask whether it changed."""
    return url_for("lti_assets.static", filename=filename, v=_fingerprint(filename))


@blueprint.after_request
def _let_browsers_keep(response: Response) -> Response:
    if response.status_code == 200 and "v" in request.args:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@cache
def _fingerprint(filename: str) -> str:
    return hashlib.sha256((_FOLDER / filename).read_bytes()).hexdigest()[:12]
