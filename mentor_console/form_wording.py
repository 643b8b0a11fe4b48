"""What is wrong with a field of a form beside the contact form, and what would be right."""

from __future__ import annotations

from flask_babel import gettext as _


def field_words(field: str, code: str) -> str:
    """One sentence for a field's code; a neutral one for what no sentence is made for."""
    by_field = _of_field().get((field, code))
    return by_field or _of_code().get(code) or _("Please check this.")


def conflict_words(code: str) -> str:
    """What was done since the form was opened, by its writer or by somebody else."""
    by_code = {
        "request_key_used": _("This form was sent before, filled in otherwise or taken back since."),
        "changed_by_other": _(
            "This was changed after your form was opened, by you or by somebody else. "
            "Nothing was overwritten."
        ),
        "taken_back": _("This was taken back meanwhile."),
    }
    return by_code.get(code, _("This has changed meanwhile. Nothing was overwritten."))


def _of_field() -> dict[tuple[str, str], str]:
    return {
        ("title", "required"): _("Say in a few words what is to be done."),
        ("kind", "required"): _("Choose the kind of support."),
        ("kind", "unknown"): _("Choose the kind of support."),
        ("reason", "required"): _("Choose why it is no problem."),
        ("reason", "unknown"): _("Choose why it is no problem."),
        ("text", "required"): _("Write a few words here."),
        ("until", "required"): _("Say until which day."),
        ("until", "too_far"): _("Choose a day within the next 90 days."),
        ("due_at", "required"): _("Say until when, as day and time."),
        ("due_at", "not_later"): _("Choose a moment later than the date that holds now."),
        ("due_at", "shorter"): _(
            "This is earlier than the date by hand that holds now. If that is meant, send it once more."
        ),
        ("due_at", "too_far"): _("Choose a moment within a year."),
        ("activity", "required"): _("Choose a step."),
        ("activity", "unknown"): _("Choose a step."),
        ("activity", "no_deadline"): _("This step has no date."),
        ("fact", "required"): _("Choose what is wrong."),
        ("flag", "required"): _("Choose what is wrong."),
        ("flag", "unknown"): _("Choose what is wrong."),
        ("fact", "unknown"): _("Choose what is wrong."),
        ("name", "required"): _("Give it a name."),
        ("ends_on", "before_start"): _("Choose a last day that is not before the first."),
        ("ends_on", "too_long"): _("Choose at most 120 days."),
        ("learners", "out_of_range"): _("Write a whole number from 0 to 500, or leave it empty."),
    }


def _of_code() -> dict[str, str]:
    return {
        "required": _("Please fill this in."),
        "not_a_date": _("Write a day like 2026-11-18."),
        "in_past": _("Choose a later day."),
        "too_old": _("This lies more than two years back; check the year."),
        "too_far": _("This lies more than two years ahead; check the year."),
        "too_long": _("Please shorten this."),
        "not_a_number": _("Write a number."),
        "out_of_range": _("Write a number from 0 to 9,999."),
        "contradiction": _("This contradicts another number: steps that get worse must not get smaller."),
    }
