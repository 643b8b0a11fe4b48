"""How a fault that is switched on changes an answer; faults.py says which there are."""

import time
from collections.abc import Callable
from functools import wraps

from flask import Response
from flask.typing import ResponseReturnValue

from lti_tool.demo_lms.site import current_site

HTML_PAGE = (
    '<!DOCTYPE html>\n<html lang="en"><title>Demo LMS: Log in to the site</title><body>Log in</body></html>\n'
)


def subject_to_faults(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """A view that may be down (503), slow, or answer a web page instead of data."""

    @wraps(view)
    def answer(*args: object, **kwargs: object) -> ResponseReturnValue:
        faults = current_site().faults
        if faults.slow_seconds:
            time.sleep(faults.slow_seconds)
        if faults.down:
            return Response("Service Unavailable\n", 503, mimetype="text/plain")
        if faults.html:
            return Response(HTML_PAGE, mimetype="text/html")
        return view(*args, **kwargs)

    return answer
