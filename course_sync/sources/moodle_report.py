"""A report of Moodle's report builder over the participants of courses: a source of sums where the service
user may not read activity by activity. Its cells are display text in English or French; nothing is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from course_sync.errors import PlatformAnswerInvalid
from course_sync.facts import ReportRow, ReportRows
from course_sync.platform_client import PlatformClient
from course_sync.sources.moodle_answers import reading

FUNCTION = "core_reportbuilder_retrieve_report"
ROWS_PER_PAGE = 1000
MAX_PAGES = 100

_HEADERS = {
    "email": ("email address", "adresse de courriel"),
    "id_number": ("id number", "numéro d'identification"),
    "username": ("username", "nom d'utilisateur"),
    "course": ("course full name", "course short name", "nom complet du cours", "nom abrégé du cours"),
    "last_access": ("last access to course", "dernier accès au cours"),
    "completed": ("completed", "terminé"),
    "share": ("student progress", "suivi des activités des participants"),
    "completed_at": ("time completed", "horodatage de l'achèvement"),
}
"""What Moodle itself calls the columns, in English (recorded) and in its French language pack (read in the
packs of 3.6 and 5.0). Columns with another heading are not read, and named where they are missed."""
_KINDS = {key: kind for kind, names in _HEADERS.items() for key in names}
_PEOPLE = ("email", "id_number", "username")
_FACTS = ("last_access", "completed", "share", "completed_at")

_YES_NO = {"yes": True, "no": False, "oui": True, "non": False}
_NEVER = frozenset({"never", "jamais"})
_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    )
    for number, name in enumerate(names.split(), start=1)
}
_MOMENT = re.compile(
    r"(?:[^\W\d]+,? )?(\d{1,2})(?:er)? ([^\W\d]+) (\d{4}),? (?:à )?(\d{1,2}):(\d{2})(?: ?([ap])\.?m\.?)?",
    re.IGNORECASE,
)
_SHARE = re.compile(r"(\d{1,3})(?:[.,](\d+))? ?%")


@dataclass(frozen=True, slots=True)
class Course:
    """The course whose rows are wanted: its number, and the names by which a column may call it."""

    course_id: int
    names: frozenset[str]


class MoodleReport:
    """One report of one site, read with the token of its service user."""

    def __init__(
        self, client: PlatformClient, base_url: str, token: str, report_id: int, zone: tzinfo
    ) -> None:
        self._client = client
        self._base_url = base_url
        self._token = token
        self.report_id = report_id
        self._zone = zone
        """Where the moments are that the cells show: they do not say it themselves."""

    def fetch_rows(self, course: Course) -> ReportRows:
        """Rows of one course, each person once per group; none for a report over other courses.

        Raises PlatformError, also where headers or cells are in no form that is understood.
        """
        found: list[ReportRow] = []
        seen = total = 0
        for page in self._fetch_pages():
            count, total = reading(FUNCTION, _count_rows, page)
            found.extend(parse_page(page, course, self._zone))
            seen += count
        detail = f"{seen} of {total} rows were read"
        return ReportRows(
            tuple(found), PlatformAnswerInvalid(detail, code="report_cut") if seen < total else None
        )

    def _fetch_pages(self) -> Iterator[Any]:
        """Page after page until all rows came, or none did, or there are too many of them."""
        seen = 0
        for number in range(MAX_PAGES):
            params = {"reportid": self.report_id, "page": number, "perpage": ROWS_PER_PAGE}
            page = self._client.call_moodle(self._base_url, self._token, FUNCTION, params)
            count, total = reading(FUNCTION, _count_rows, page)
            yield page
            seen += count
            if not count or seen >= total:
                return


def _count_rows(page: Any) -> tuple[int, int]:
    return len(page["data"]["rows"]), int(page["data"]["totalrowcount"])


def parse_page(page: Any, course: Course, zone: tzinfo) -> tuple[ReportRow, ...]:
    """Rows of one page. Raises PlatformAnswerInvalid naming the headers, or the cells, not understood."""
    headers, rows, courses = reading(FUNCTION, _read_page, page)
    if courses and course.course_id not in courses:
        return ()
    columns = _find_columns(headers)
    if courses != {course.course_id} and "course" not in columns:
        raise _not_understood("the report is about several courses and has no column that names them")
    names = {_plain(name) for name in course.names}
    cells = ({kind: str(row[index] or "").strip() for kind, index in columns.items()} for row in rows)
    return tuple(
        _parse_row(row, zone)
        for row in cells
        if any(row.get(kind) for kind in _PEOPLE) and ("course" not in row or _plain(row["course"]) in names)
    )


def _read_page(page: Any) -> tuple[list[str], list[Sequence[Any]], frozenset[int]]:
    data = page["data"]
    headers = [str(header) for header in data["headers"]]
    rows = [row["columns"] for row in data["rows"]]
    if any(len(row) != len(headers) for row in rows):
        raise ValueError
    conditions = json.loads(page["details"].get("conditiondata") or "{}")
    chosen = conditions.get("course:courseselector_values") or []
    return headers, rows, frozenset(int(key) for key in chosen)


def _find_columns(headers: Iterable[str]) -> Mapping[str, int]:
    columns: dict[str, int] = {}
    listed = list(headers)
    for index, header in enumerate(listed):
        kind = _KINDS.get(_plain(header))
        if kind in columns:
            raise _not_understood(f"two columns mean the same: {header[:40]}")
        if kind:
            columns[kind] = index
    named = ", ".join(header[:40] for header in listed)[:200]
    if not any(kind in columns for kind in _PEOPLE):
        raise _not_understood(f"no column tells e-mail address, id number or username: {named}")
    if not any(kind in columns for kind in _FACTS):
        raise _not_understood(f"no column tells last access, completion or progress: {named}")
    return columns


def _parse_row(row: Mapping[str, str], zone: tzinfo) -> ReportRow:
    never = _plain(row.get("last_access", "")) in _NEVER
    return ReportRow(
        email=row.get("email", "").casefold(),
        id_number=row.get("id_number", ""),
        username=row.get("username", "").casefold(),
        last_access_at=None if never else parse_moment(row.get("last_access", ""), zone, "last access"),
        access_known=bool(row.get("last_access")),
        completed=_parse_yes_no(row.get("completed", "")),
        completed_at=parse_moment(row.get("completed_at", ""), zone, "time completed"),
        share=parse_share(row.get("share", "")),
    )


def parse_moment(cell: str, zone: tzinfo, kind: str) -> datetime | None:
    """The moment a cell shows; None for an empty one. Raises PlatformAnswerInvalid for any other form."""
    if not cell:
        return None
    found = _MOMENT.fullmatch(_plain(cell))
    month = _MONTHS.get(found.group(2).casefold()) if found else None
    if not found or not month:
        raise _not_understood(f"a cell of {kind} is no English or French date")
    day, year, hour, minute = (int(found.group(place)) for place in (1, 3, 4, 5))
    half = (found.group(6) or "").casefold()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return datetime(year, month, day, hour, minute, tzinfo=zone)
    except ValueError:
        raise _not_understood(f"a cell of {kind} is no date of the calendar") from None


def parse_share(cell: str) -> float | None:
    """0-1 of a percentage; None for an empty cell. Raises PlatformAnswerInvalid for any other form."""
    if not cell:
        return None
    found = _SHARE.fullmatch(_plain(cell))
    share = float(f"{found.group(1)}.{found.group(2) or 0}") / 100 if found else 2.0
    if share > 1:
        raise _not_understood("a cell of progress is no percentage")
    return share


def _parse_yes_no(cell: str) -> bool | None:
    if not cell:
        return None
    told = _YES_NO.get(_plain(cell))
    if told is None:
        raise _not_understood("a cell of completed is neither yes nor no, in English or French")
    return told


def _plain(text: str) -> str:
    """In small letters, with plain apostrophes and spaces."""
    return " ".join(text.replace("’", "'").split()).casefold()


def _not_understood(what: str) -> PlatformAnswerInvalid:
    return PlatformAnswerInvalid(what, code="report_not_understood")
