"""The door's own scripts. Small, asked for anew by their mark at each use, the same for everybody."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("lti_assets", __name__, static_folder="static", static_url_path="/static/lti")
