"""`ementor platform check`: the connection test on the terminal, with an exit code for scripts.

The same test as on the admin's page; its result is kept and shown there too.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict

import click
from flask_babel import force_locale

from course_sync.connection_answers import UNTRIED, ProbeResult
from course_sync.connection_check import CheckReport
from course_sync.connection_records import list_courses
from course_sync.models import Context, Platform
from lti_tool import connection_wording as words
from lti_tool import registration
from lti_tool.commands.support import PLATFORM_HELP, PLATFORM_NUMBER, ExternalId, with_app
from lti_tool.connection_desk import run_check
from lti_tool.services import current_services

_STATE_WIDTH = 24
_LINE_WIDTH = 100


@click.command("check")
@click.option("--platform", "platform_id", required=True, type=PLATFORM_NUMBER, help=PLATFORM_HELP)
@click.option(
    "--context",
    "course",
    type=ExternalId(),
    default=None,
    help="The LMS's own id of the course to try it on; one of middling size unless given.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_app
def check(platform_id: int, course: str | None, as_json: bool) -> None:
    """Try every call of the web services; exit code 1 where something is missing.

    Nothing on the platform is changed, and no learner's facts are kept.
    """
    platform = registration.get_platform(platform_id)
    tried_on = _find_course(platform, course)
    external_id = tried_on.external_id if tried_on else None
    title = (tried_on.title or tried_on.external_id) if tried_on else ""
    report = run_check(platform, tried_on, current_services().clock.real_now())
    if as_json:
        click.echo(json.dumps(_describe(platform_id, external_id, report), indent=2, ensure_ascii=False))
    else:
        with force_locale("en"):
            for line in _tell(report, title):
                click.echo(line)
    if report.problems:
        raise SystemExit(1)


def _find_course(platform: Platform, external_id: str | None) -> Context | None:
    courses = list_courses(platform.id)
    if external_id is None:
        return courses[0] if courses else None
    for course in courses:
        if course.external_id == external_id:
            return course
    raise click.ClickException(f"This platform has no known course {external_id!r}.")


def _describe(platform_id: int, external_id: str | None, report: CheckReport) -> dict[str, object]:
    return {
        "platform": platform_id,
        "context": external_id,
        "release": report.release,
        "fine": not report.problems,
        "results": [asdict(result) for result in report.results],
    }


def _tell(report: CheckReport, title: str) -> Iterator[str]:
    yield f"Moodle {report.release or '(version not told)'}" + (f", tried on {title}" if title else "")
    for result in report.results:
        yield f"{words.state(result):<{_STATE_WIDTH}}{words.title(result)}{_figures(result)}"
        for sentence in _sentences(result, is_problem=result in report.problems):
            yield from textwrap.wrap(
                sentence,
                _LINE_WIDTH,
                initial_indent=" " * _STATE_WIDTH,
                subsequent_indent=" " * _STATE_WIDTH,
                break_long_words=False,
            )
    yield from words.summary(report.problems)
    if note := words.time_note(report.results):
        yield note
    missing = len(report.problems)
    yield f"Missing: {missing} of {len(report.results)}." if missing else "Nothing is missing."


def _figures(result: ProbeResult) -> str:
    return f" ({result.seen})" if result.seen and result.state != UNTRIED and not result.why else ""


def _sentences(result: ProbeResult, *, is_problem: bool) -> Iterator[str]:
    if is_problem and (result.words or result.error):
        code = f" ({result.error})" if result.error else ""
        yield f"Moodle says: “{_printable(result.words)}”{code}" if result.words else f"Code: {result.error}"
    if words.explanation(result):
        yield words.explanation(result)
    if is_problem:
        yield words.cost(result)
        yield words.remedy(result)


def _printable(text: str) -> str:
    """A platform's words may hold anything, also what a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
