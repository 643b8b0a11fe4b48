"""The LMS is ill for a week of the calendar: what was known stays, nobody is judged on what was not read."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Context, Progress
from lti_tool.operations import sync_and_flag
from mentor_console.models import Flag
from tests.harness.demo_site import DemoSite


def sync(site: DemoSite) -> str:
    """Pull the demo's course; how the run ended."""
    with site.tool.app_context():
        (context_id,) = db.session.scalars(select(Context.id))
        return sync_and_flag(context_id, trigger="cli").state


def open_flags(site: DemoSite) -> dict[tuple[int, str], list[Any]]:
    """What stands of whom, with its reasons."""
    with site.tool.app_context():
        rows = db.session.scalars(select(Flag).where(Flag.cleared_at.is_(None)))
        return {(row.membership_id, row.rule): row.reasons for row in rows}


def hand_ins(site: DemoSite) -> int:
    """How many pieces of work are known to be handed in."""
    with site.tool.app_context():
        return len(db.session.scalars(select(Progress.id).where(Progress.submission == "submitted")).all())


@pytest.mark.parametrize(
    ("faults", "state"),
    [
        ({"down": True}, "failed"),
        ({"html": True}, "failed"),
        ({"missing_capabilities": ["moodle/site:accessallgroups"]}, "partial"),
    ],
)
def test_a_week_without_answers_changes_no_flag_and_loses_nothing(
    seeded_site: DemoSite, faults: dict[str, Any], state: str
) -> None:
    before, known = open_flags(seeded_site), hand_ins(seeded_site)
    assert before
    seeded_site.set_faults(**faults)
    seeded_site.advance(7)
    assert sync(seeded_site) == state
    assert open_flags(seeded_site) == before
    assert hand_ins(seeded_site) == known


def test_when_the_lms_is_back_everybody_is_judged_as_if_it_had_never_been_away(
    seeded_site: DemoSite,
) -> None:
    seeded_site.set_faults(down=True)
    seeded_site.advance(7)
    sync(seeded_site)
    before = open_flags(seeded_site)
    seeded_site.set_faults()
    assert sync(seeded_site) == "done"
    after = open_flags(seeded_site)
    assert after != before
    assert any(reason["code"].startswith("silent") for reasons in after.values() for reason in reasons)
