"""Calendar days in somebody's zone against moments in UTC. Pure; display is the affair of moments.py."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def local_day(moment: datetime, zone: tzinfo) -> date:
    """The day of an aware moment in `zone`."""
    return moment.astimezone(zone).date()


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """The moment a day begins in `zone`, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The moment a day is over in `zone`, in UTC."""
    return start_of_day(day + timedelta(days=1), zone)
