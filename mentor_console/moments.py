"""Days and moments as the reader of a page says them: in their language and their time zone.

Only display and the reading of a form's date; `now` is passed in. Storage stays in aware UTC. What is said
with an hour is said in the reader's zone; a day alone, and a number of days, is the organisation's, as the
rules count.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_skeleton, format_time
from flask import g
from flask_babel import get_locale, get_timezone, ngettext
from flask_babel import gettext as _

from mentor_console.course_zones import zone_of_organisation

_BRITISH = Locale("en", "GB")
_HOUR_MATTERS = timedelta(days=2)
"""A deadline so near is said with its hour."""
_DAYS_IN_WORDS = 60
"""Up to here a past day is said as "n days ago"; further back the date tells more."""


def reader_locale() -> Locale:
    """The locale in which dates are written. Plain `en` means British here, as the texts are."""
    locale = get_locale() or Locale("en")
    return _BRITISH if str(locale) == "en" else locale


def reader_zone() -> tzinfo:
    """The reader's time zone; by name, since Flask-Babel's own kind misreads local times given to it."""
    return ZoneInfo(str(get_timezone()))


def course_zone() -> tzinfo:
    """The zone days are counted in: the organisation's of whoever looks, else the reader's."""
    viewer = g.get("viewer")
    if not viewer:
        return reader_zone()
    zones: dict[int, tzinfo] = g.setdefault("zones_of_organisations", {})
    if viewer.organisation_id not in zones:
        zones[viewer.organisation_id] = zone_of_organisation(viewer.organisation_id)
    return zones[viewer.organisation_id]


def local_day(moment: datetime) -> date:
    """The calendar day of an aware moment in the reader's zone."""
    return moment.astimezone(reader_zone()).date()


def course_day(moment: datetime) -> date:
    """The calendar day of an aware moment where days are counted."""
    return moment.astimezone(course_zone()).date()


def day_words(day: date, *, today: date, weekday: bool = True) -> str:
    """ "Tuesday 18 November", with the year where it is another one than today's."""
    if day.year != today.year:
        return babel_date(day, "full" if weekday else "long", locale=reader_locale())
    month_day = format_skeleton("MMMMd", _noon(day), locale=reader_locale())
    if not weekday:
        return month_day
    weekday_name = babel_date(day, "EEEE", locale=reader_locale())
    return _("%(weekday)s %(date)s", weekday=weekday_name, date=month_day)


def short_day_words(moment: datetime, now: datetime) -> str:
    """ "today", else "9 Nov", else "9 Nov 2025": the margin of a timeline."""
    day, today = course_day(moment), course_day(now)
    if day == today:
        return _("today")
    skeleton = "MMMd" if day.year == today.year else "yMMMd"
    return format_skeleton(skeleton, _noon(day), locale=reader_locale())


def past_words(moment: datetime, now: datetime) -> str:
    """ "today", "yesterday", "16 days ago", and the date beyond two months. A future moment gets its date."""
    day, today = course_day(moment), course_day(now)
    days = (today - day).days
    if days == 0:
        return _("today")
    if days == 1:
        return _("yesterday")
    if 1 < days <= _DAYS_IN_WORDS:
        return ngettext("%(num)d day ago", "%(num)d days ago", days)
    return day_words(day, today=today, weekday=False)


def due_words(moment: datetime, now: datetime) -> str:
    """A deadline: "today at 23:59", "tomorrow at 12:00", "10:00 on Tuesday 18 November" while it is near, by
    the reader's clock; else weekday and date, the day being the one that is counted."""
    if not _is_near(moment, now):
        return day_words(course_day(moment), today=course_day(now))
    day, today = local_day(moment), local_day(now)
    time = time_words(moment)
    if day == today:
        return _("today at %(time)s", time=time)
    if (day - today).days == 1:
        return _("tomorrow at %(time)s", time=time)
    return _("%(time)s on %(date)s", time=time, date=day_words(day, today=today))


def short_due_words(moment: datetime, now: datetime) -> str:
    """A deadline in a table: with its hour while it is near, else "9 Nov"."""
    return due_words(moment, now) if _is_near(moment, now) else short_day_words(moment, now)


def _is_near(moment: datetime, now: datetime) -> bool:
    return timedelta(0) <= moment - now <= _HOUR_MATTERS


def moment_words(moment: datetime, now: datetime) -> str:
    """ "07:40 today", "07:40 yesterday", "07:40 on Tuesday 18 November": how fresh something is."""
    day, today = local_day(moment), local_day(now)
    time = time_words(moment)
    if day == today:
        return _("%(time)s today", time=time)
    if (today - day).days == 1:
        return _("%(time)s yesterday", time=time)
    return _("%(time)s on %(date)s", time=time, date=day_words(day, today=today))


def time_words(moment: datetime) -> str:
    """ "07:40" in the reader's zone."""
    return format_time(moment.astimezone(reader_zone()), "short", locale=reader_locale())


def hour_of_day(moment: datetime) -> int:
    """0-23 in the reader's zone."""
    return moment.astimezone(reader_zone()).hour


def form_value(moment: datetime) -> str:
    """The moment as an `<input type="datetime-local">` holds it, in the reader's zone."""
    return moment.astimezone(reader_zone()).strftime("%Y-%m-%dT%H:%M")


def parse_form_value(text: str) -> datetime | None:
    """Aware UTC moment of what such an input sent; None if it is not a date and time.

    Browsers without that input let one type; a space instead of the T is accepted.
    """
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if local.tzinfo is None:
        local = local.replace(tzinfo=reader_zone())
    try:
        return local.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def iso(moment: datetime) -> str:
    """For the `datetime` attribute of `<time>`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
