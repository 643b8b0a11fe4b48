"""Which parts may enter which route, written down by hand and not asked of the code under test.

A new route needs a row here; the walk through all routes fails until it has one.
"""

from __future__ import annotations

ANYONE = {"anyone"}
OPEN_TO = {
    "console.home": ANYONE,
    "console.set_language": ANYONE,
    "console.update_now": {"mentor", "trainer", "admin"},
    "console.cancel_update": {"mentor", "trainer", "admin"},
    "console.sync_status": {"mentor", "trainer", "admin"},
    "console.today": {"mentor"},
    "console.learner": {"mentor", "trainer"},
    "console.record_contact": {"mentor", "trainer"},
    "console.dismiss": {"mentor", "trainer"},
    "console.snooze": {"mentor", "trainer"},
    "console.add_note": {"mentor", "trainer"},
    "console.add_task": {"mentor", "trainer"},
    "console.update_task": {"mentor", "trainer"},
    "console.set_extension": {"mentor", "trainer"},
    "console.withdraw_extension": {"mentor", "trainer"},
    "console.take_back": {"mentor", "trainer"},
    "console.course": {"trainer"},
    "console.balance": {"trainer"},
    "console.set_cap": {"trainer"},
    "console.add_break": {"trainer"},
    "console.remove_break": {"trainer"},
    "console.course_rules": {"trainer"},
    "console.organisation_rules": {"admin"},
    "console.platform_roles": {"admin"},
    "console.take_back_roles": {"admin"},
    "platforms.index": {"admin"},
    "refusals.index": {"admin"},
    "audit.index": {"admin"},
    "platforms.make_invite": {"admin"},
    "platforms.withdraw_invite": {"admin"},
    "platforms.add": {"admin"},
    "platforms.show": {"admin"},
    "platforms.change": {"admin"},
    "platforms.decide": {"admin"},
    "platforms.add_deployment": {"admin"},
    "platforms.decide_deployment": {"admin"},
    "platforms.connect_moodle": {"admin"},
    "platforms.disconnect_moodle": {"admin"},
    "platforms.check_connection": {"admin"},
    "platforms.name_report": {"admin"},
    "own_token.show": {"mentor", "trainer"},
    "own_token.connect": {"mentor", "trainer"},
    "own_token.remove": {"mentor", "trainer"},
    "console.name_mentor": {"trainer"},
    "console.end_mentor": {"trainer"},
    "console.assign": {"trainer"},
    "console.unassign": {"trainer"},
    "console.own_page": {"learner"},
    "console.give_answer": {"learner"},
    "console.withdraw_answer": {"learner"},
    "console.admin": {"admin"},
    "console.ask_access": {"applicant"},
    "console.decide_request": {"trainer", "admin"},
    "lti.outside_course": ANYONE,
    "placing.choose": {"trainer"},
    "placing.place": {"trainer"},
    "placing.not_yours": ANYONE,
}
"""Endpoint -> parts that may enter."""

TRAINER_ACTIONS = {"console.name_mentor", "console.end_mentor", "console.assign", "console.unassign"}
TRAINER_ACTIONS |= {"console.remove_break"}
PLATFORM_ROUTES = {name for name in OPEN_TO if name.startswith("platforms.")}
PLATFORM_ROUTES -= {"platforms.index", "platforms.make_invite", "platforms.add"}
PLATFORM_ROUTES |= {"console.platform_roles", "console.take_back_roles"}
"""About the main course's platform, which is one of the admin's own organisation."""
LEARNER_ROUTES = {
    "console.learner",
    "console.record_contact",
    "console.dismiss",
    "console.snooze",
    "console.add_note",
    "console.add_task",
    "console.update_task",
    "console.set_extension",
    "console.withdraw_extension",
    "console.take_back",
}
"""About ann, or about what was done for her."""
