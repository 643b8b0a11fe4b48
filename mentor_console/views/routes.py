"""The blueprint of the console and the one of its static files; the pages hang their routes on the first.

Every route stands under /s/<handle> and declares with `open_to` who may enter; the door fills in the handle.
"""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState

blueprint = Blueprint("console", __name__, url_prefix="/s/<handle>")

assets = Blueprint("console_assets", __name__, static_folder="../static", static_url_path="/static/console")
"""Style sheet, fonts and icon: the same for everybody, outside any session, and cached by browsers."""


@assets.after_request
def _let_browsers_keep(response: Response) -> Response:
    """An address with a fingerprint never changes its content; fonts, named by the style sheet, seldom do."""
    if response.status_code == 200:
        age = "max-age=31536000, immutable" if "v" in request.args else "max-age=86400"
        response.headers["Cache-Control"] = f"public, {age}"
    return response


@blueprint.record_once
def _register_assets(state: BlueprintSetupState) -> None:
    """The error pages of the door need the style sheet too, so it comes along with the console."""
    state.app.register_blueprint(assets)
