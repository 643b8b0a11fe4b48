"""A Flask request in the form lti1p3platform expects. Nothing else."""

from typing import Any

from flask import Request as FlaskRequest
from lti1p3platform.request import Request


class DemoRequest(Request):
    """The library has readers for Django and FastAPI only."""

    def build_metadata(self, request: FlaskRequest) -> dict[str, Any]:
        return {
            "method": request.method,
            "form_data": request.form.to_dict(),
            "get_data": request.args.to_dict(),
            "headers": request.headers,
            "content_type": request.content_type,
            "path": request.path,
            "json": request.get_json(silent=True),
        }
