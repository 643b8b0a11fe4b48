"""The pages of the console: parse, ask a service, render. No SQL, no HTTP, no decisions about access."""

from __future__ import annotations

import mentor_console.views.admin
import mentor_console.views.frame
import mentor_console.views.learner
import mentor_console.views.learner_actions
import mentor_console.views.mentor
import mentor_console.views.more_time
import mentor_console.views.roles
import mentor_console.views.rules
import mentor_console.views.shared
import mentor_console.views.sharing
import mentor_console.views.task_actions
import mentor_console.views.trainer  # noqa: F401 - importing the pages hangs their routes on the blueprint
from mentor_console.views.routes import blueprint

__all__ = ["blueprint"]
