"""Sentences after an action and beside a form field.

Only fixed codes become text, so that no address can put words into our pages.
"""

from __future__ import annotations

from flask_babel import gettext as _


def done_sentence(code: str) -> str | None:
    """What was just done; None for a code that is not ours, or for none."""
    if not code:  # as on most pages: what follows translates every sentence there is
        return None
    return {
        "contact": _("The contact is logged. It now stands in your shared history."),
        "mentor_named": _("Named as e-mentor. Now give them learners below."),
        "former_named": _(
            "Named as e-mentor. They see their learners once they open this course in the LMS: "
            "enrol them there if they are not. Now give them learners below."
        ),
        "mentor_ended": _("No longer e-mentor here. Their learners are now without this e-mentor."),
        "shared": _("The learners are shared out."),
        "taken_back": _("The learner is taken back from this e-mentor."),
        "asked": _("Your request is recorded. A trainer of the course or an admin decides."),
        "granted": _("Access is given. It holds from the next page they open."),
        "declined": _("The request is declined."),
        "language": _("Language changed."),
        **_support_sentences(),
        **_sentences_without_mentor(),
        **_course_sentences(),
    }.get(code)


def _support_sentences() -> dict[str, str]:
    return {
        "dismissed": _("Set aside as no problem. It comes back if it gets worse."),
        "snoozed": _("Set aside for later. It comes back earlier if something new happens."),
        "dismissed_waits": _(
            "The flags are set aside as no problem. The card stays: it waits for your reply. "
            "Once you have answered, log the contact."
        ),
        "snoozed_waits": _(
            "The flags are set aside for later. The card stays: it waits for your reply. "
            "Once you have answered, log the contact."
        ),
        "noted": _("The note is kept. Only you can read it."),
        "task_added": _("The task is set."),
        "task_saved": _("The task is changed."),
        "task_open": _("The task is open again."),
        "task_done": _("The task is done."),
        "task_dropped": _("The task is dropped."),
        "extended": _("The later date holds now, here and for the rules. The platform still shows its own."),
        "extension_withdrawn": _("The earlier date holds again."),
        "undone": _("Taken back."),
        "said_ill_until": _(
            "Get well soon. Your e-mentor reads it at once and leaves you in peace until then."
        ),
        "said_working_offline": _("Your e-mentor reads at once that you work offline."),
        "said_need_help": _("Your e-mentor reads at once that you need help."),
        "said_this_is_wrong": _("Your e-mentor reads at once that something is wrong, and looks into it."),
        "withdrawn": _("Taken back. Your e-mentor no longer sees it as standing."),
    }


def _sentences_without_mentor() -> dict[str, str]:
    """What learners read after an answer, as long as nobody but the trainer can read it."""
    return {
        "said_ill_until_by_trainer": _(
            "Get well soon. As long as you have no e-mentor, only the trainer of the course can read it."
        ),
        "said_working_offline_by_trainer": _("The trainer of the course can now read that you work offline."),
        "said_need_help_by_trainer": _("The trainer of the course can now read that you need help."),
        "said_this_is_wrong_by_trainer": _("The trainer of the course can now read that something is wrong."),
        "withdrawn_by_trainer": _("Taken back. The trainer of the course no longer sees it as standing."),
    }


def _course_sentences() -> dict[str, str]:
    return {
        "balanced": _("The learners are shared out evenly."),
        "balanced_partly": _(
            "Shared out as far as the limits allow; some learners are still without e-mentor. "
            "Raise a limit or name another e-mentor."
        ),
        "balanced_none": _(
            "Nothing could be shared out: no e-mentor can take another learner within the limits. "
            "Raise a limit or name another e-mentor."
        ),
        "balanced_already": _("Nothing to share out: every learner has an e-mentor, evenly."),
        "cap_set": _("The limit is set."),
        "cap_none_own": _("No limit of their own now: that of the course holds, if it has one."),
        "break_added": _("The course rests on these days; silence then is no silence."),
        "break_removed": _("The days count again."),
        "rules_saved": _("The rules are saved."),
        "roles_saved": _("The roles are saved. They hold from the next page each person opens."),
    }


def problem_sentence(code: str) -> str | None:
    """What could not be done, and what to do next; None for a code that is not ours, or for none."""
    if not code:
        return None
    return {
        "nobody_chosen": _("Nothing was changed: choose somebody first."),
        "no_learners": _("Nothing was changed: tick at least one learner first."),
        "not_active": _("Nothing was changed: this person is suspended in the course."),
        "not_named": _("Nothing was changed: this person is not e-mentor of the course. Name them first."),
        "not_a_learner": _("Nothing was changed: one of those ticked is no longer a learner here."),
        "own_mentor": _("Nothing was changed: nobody can be their own e-mentor."),
        "already_decided": _("Somebody else has already decided this request."),
        "nothing_open": _("Nothing was changed: nothing stands open about this learner any more."),
        "awaits_reply": _(
            "Nothing was set aside: only your reply is waited for. Once you have answered, log the contact."
        ),
        "changed_since": _("Nothing was changed: somebody has worked on this since."),
        "built_on": _("Nothing was changed: somebody has worked on the strength of this since."),
        "later_change": _("Nothing was changed: a later change rests on this. Take that one back first."),
        "nobody_named": _("Nothing was changed: name an e-mentor first."),
        "unusable": _("Nothing was changed: the form arrived incomplete. Please try again."),
    }.get(code)


def field_sentence(field: str, code: str) -> str:
    """What is wrong with one field of the contact form, and what would be right."""
    sentences = {
        ("kind", "required"): _("Choose the kind of support."),
        ("channel", "required"): _("Choose how you were in contact."),
        ("outcome", "required"): _("Choose how it went."),
        ("occurred_at", "required"): _("Say when it was, as day and time."),
        ("occurred_at", "invalid"): _("Write day and time like 2026-11-18 14:30."),
        ("occurred_at", "in_future"): _("This lies in the future; log a contact once it has been."),
        ("occurred_at", "too_old"): _("This lies more than two years back; check the year."),
        ("duration_minutes", "not_a_number"): _("Write whole minutes, or leave it empty."),
        ("duration_minutes", "out_of_range"): _("Write a number of minutes from 0 to 600."),
        ("summary", "too_long"): _("Please shorten this to at most 4,000 characters."),
    }
    fallback = {
        "kind": sentences["kind", "required"],
        "channel": sentences["channel", "required"],
        "outcome": sentences["outcome", "required"],
        "occurred_at": sentences["occurred_at", "invalid"],
        "duration_minutes": sentences["duration_minutes", "out_of_range"],
        "summary": sentences["summary", "too_long"],
    }
    return sentences.get((field, code)) or fallback.get(field) or _("Please check this.")
