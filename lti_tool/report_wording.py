"""Sentences about the report of a platform: what went wrong when it was last read. Words only."""

from __future__ import annotations

from flask_babel import gettext as _

from lti_tool.moodle_reports import ReportProblem

_UNSEEN = frozenset({"errorreportview", "invalidrecord", "invalidrecordunknown"})
"""Moodle's codes for a report that does not exist, and for one that the token may not see."""


def problem_words(problem: ReportProblem) -> str:
    """What happened, and what the admin of the Moodle can do."""
    if problem.code in _UNSEEN:
        return _("Moodle has no report with this number, or the service user is not in its audience.")
    by_code = {
        "accessexception": _(
            "The service of the token does not have the function “core_reportbuilder_retrieve_report”."
        ),
        "report_not_understood": _(
            "Its headings or cells are not what Moodle writes in English or French, so it was not used."
        ),
        "report_cut": _(
            "It has more rows than an update reads; the last ones were left out. Let it be about fewer "
            "courses."
        ),
        "report_ambiguous": _(
            "Some of its rows fit several people or contradict each other; these were not used."
        ),
    }
    return by_code.get(problem.code, _("It could not be read."))
