"""Sentences about visits and activity, for a mentor and for the learner; explanation.py picks among them."""

from mentor_console.flags.sentence_values import Sentence, Values, day_words
from mentor_console.flags.words import Words


def _silent_unlike_before(values: Values, words: Words) -> str:
    return words.ngettext(
        "No visit for %(days)s day; until now never more than %(longest)s.",
        "No visit for %(days)s days; until now never more than %(longest)s.",
        values["days"],
        days=values["days"],
        longest=values["longest_gap_days"],
    )


def _silent_unlike_before_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "Your last visit was on %(date)s; until then you were never away for more than %(longest)s day.",
        "Your last visit was on %(date)s; until then you were never away for more than %(longest)s days.",
        values["longest_gap_days"],
        date=day_words(values["last_visit_at"], words),
        longest=values["longest_gap_days"],
    )


def _silent_long(values: Values, words: Words) -> str:
    return words.ngettext(
        "No visit for %(days)s day; the last one was on %(date)s.",
        "No visit for %(days)s days; the last one was on %(date)s.",
        values["days"],
        days=values["days"],
        date=day_words(values["last_visit_at"], words),
    )


def _last_visit_to_learner(values: Values, words: Words) -> str:
    return words.gettext("Your last visit was on %(date)s.", date=day_words(values["last_visit_at"], words))


def _silent_after_hand_in(values: Values, words: Words) -> str:
    return words.ngettext(
        "No visit for %(days)s day; none is known at all, only work handed in on %(date)s.",
        "No visit for %(days)s days; none is known at all, only work handed in on %(date)s.",
        values["days"],
        days=values["days"],
        date=day_words(values["handed_in_at"], words),
    )


def _silent_after_hand_in_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "No visit of yours is known, only work you handed in on %(date)s.",
        date=day_words(values["handed_in_at"], words),
    )


def _silent_since_start(values: Values, words: Words) -> str:
    return words.ngettext(
        "No visit since the course began %(days)s day ago; the last one was before, on %(date)s.",
        "No visit since the course began %(days)s days ago; the last one was before, on %(date)s.",
        values["days"],
        days=values["days"],
        date=day_words(values["last_visit_at"], words),
    )


def _silent_since_start_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "Your last visit was on %(date)s, before the course began.",
        date=day_words(values["last_visit_at"], words),
    )


def _silent_since_enrolment(values: Values, words: Words) -> str:
    return words.ngettext(
        "No visit since the enrolment %(days)s day ago; the last one was before, on %(date)s.",
        "No visit since the enrolment %(days)s days ago; the last one was before, on %(date)s.",
        values["days"],
        days=values["days"],
        date=day_words(values["last_visit_at"], words),
    )


def _silent_since_enrolment_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "Your last visit was on %(date)s, before your enrolment.",
        date=day_words(values["last_visit_at"], words),
    )


def _never_opened(values: Values, words: Words) -> str:
    return words.ngettext(
        "Never opened the course; it began %(days)s day ago.",
        "Never opened the course; it began %(days)s days ago.",
        values["days"],
        days=values["days"],
    )


def _never_opened_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "You have not opened the course yet; it began on %(date)s.",
        date=day_words(values["started_on"], words),
    )


def _never_opened_since_enrolment(values: Values, words: Words) -> str:
    return words.ngettext(
        "Never opened the course; the enrolment began %(days)s day ago.",
        "Never opened the course; the enrolment began %(days)s days ago.",
        values["days"],
        days=values["days"],
    )


def _never_opened_since_enrolment_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "You have not opened the course yet; your enrolment began on %(date)s.",
        date=day_words(values["started_on"], words),
    )


def _break_days_left_out(values: Values, words: Words) -> str:
    return words.ngettext(
        "%(days)s day of course break is not counted.",
        "%(days)s days of course break are not counted.",
        values["days"],
        days=values["days"],
    )


def _cohort_visited(values: Values, words: Words) -> str:
    if values["days"] == 0:
        return words.gettext("Half of the learners of this course have visited today.")
    if values["days"] == 1:
        return words.gettext("Half of the learners of this course have visited since yesterday.")
    return words.ngettext(
        "Half of the learners of this course have visited within the last %(days)s day.",
        "Half of the learners of this course have visited within the last %(days)s days.",
        values["days"],
        days=values["days"],
    )


def _last_visit(values: Values, words: Words) -> str:
    return words.gettext("Last visit on %(date)s.", date=day_words(values["last_visit_at"], words))


def _active_days(values: Values, words: Words) -> str:
    return words.ngettext(
        "Active on %(days)s of the last %(window)s days.",
        "Active on %(days)s of the last %(window)s days.",
        values["days"],
        days=values["days"],
        window=values["window_days"],
    )


def _active_days_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "You were active on %(days)s of the last %(window)s days.",
        "You were active on %(days)s of the last %(window)s days.",
        values["days"],
        days=values["days"],
        window=values["window_days"],
    )


def _silent_at_least(values: Values, words: Words) -> str:
    return words.ngettext(
        "No visit for at least %(days)s day.",
        "No visit for at least %(days)s days.",
        values["days"],
        days=values["days"],
    )


def _silent_at_least_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "No visit of yours is known from the last %(days)s day.",
        "No visit of yours is known from the last %(days)s days.",
        values["days"],
        days=values["days"],
    )


def _pause_left_out(values: Values, words: Words) -> str:
    return words.gettext(
        "The agreed absence until %(date)s is not counted.", date=day_words(values["until"], words)
    )


def _less_active(values: Values, words: Words) -> str:
    return words.ngettext(
        "Active on %(days)s of the last %(window)s days; half of the learners of this course on "
        "%(cohort)s or more.",
        "Active on %(days)s of the last %(window)s days; half of the learners of this course on "
        "%(cohort)s or more.",
        values["days"],
        days=values["days"],
        window=values["window_days"],
        cohort=values["cohort_days"],
    )


def _less_active_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "You were active on %(days)s of the last %(window)s days; half of the learners of this course on "
        "%(cohort)s or more.",
        "You were active on %(days)s of the last %(window)s days; half of the learners of this course on "
        "%(cohort)s or more.",
        values["days"],
        days=values["days"],
        window=values["window_days"],
        cohort=values["cohort_days"],
    )


def _slowed_down(values: Values, words: Words) -> str:
    return words.ngettext(
        "Active on %(days)s of the last %(window)s days, after %(earlier)s in the same time before.",
        "Active on %(days)s of the last %(window)s days, after %(earlier)s in the same time before.",
        values["days"],
        days=values["days"],
        earlier=values["earlier_days"],
        window=values["window_days"],
    )


def _slowed_down_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "You were active on %(days)s of the last %(window)s days, after %(earlier)s in the same time before.",
        "You were active on %(days)s of the last %(window)s days, after %(earlier)s in the same time before.",
        values["days"],
        days=values["days"],
        earlier=values["earlier_days"],
        window=values["window_days"],
    )


def _back_again(values: Values, words: Words) -> str:
    return words.ngettext(
        "Back on %(date)s, after %(days)s day without a visit.",
        "Back on %(date)s, after %(days)s days without a visit.",
        values["gap_days"],
        date=day_words(values["visited_on"], words),
        days=values["gap_days"],
    )


def _back_again_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "You came back on %(date)s, after %(days)s day without a visit.",
        "You came back on %(date)s, after %(days)s days without a visit.",
        values["gap_days"],
        date=day_words(values["visited_on"], words),
        days=values["gap_days"],
    )


FOR_MENTOR: dict[str, Sentence] = {
    "silent_unlike_before": _silent_unlike_before,
    "silent_long": _silent_long,
    "silent_after_hand_in": _silent_after_hand_in,
    "silent_at_least": _silent_at_least,
    "silent_since_start": _silent_since_start,
    "silent_since_enrolment": _silent_since_enrolment,
    "never_opened": _never_opened,
    "never_opened_since_enrolment": _never_opened_since_enrolment,
    "break_days_left_out": _break_days_left_out,
    "pause_left_out": _pause_left_out,
    "cohort_visited": _cohort_visited,
    "less_active_than_cohort": _less_active,
    "slowed_down": _slowed_down,
    "back_again": _back_again,
    "clears_with_visit": lambda values, words: words.gettext("It clears with a visit."),
    "clears_with_opening": lambda values, words: words.gettext("It clears with the first visit."),
    "clears_with_more_activity": lambda values, words: words.gettext("It clears with more active days."),
    "last_visit": _last_visit,
    "no_visit_yet": lambda values, words: words.gettext("No visit to the course yet."),
    "visits_unknown": lambda values, words: words.gettext(
        "It is not known when the course was last visited."
    ),
    "active_days": _active_days,
}

FOR_LEARNER: dict[str, Sentence] = {
    "silent_unlike_before": _silent_unlike_before_to_learner,
    "silent_long": _last_visit_to_learner,
    "silent_after_hand_in": _silent_after_hand_in_to_learner,
    "silent_at_least": _silent_at_least_to_learner,
    "silent_since_start": _silent_since_start_to_learner,
    "silent_since_enrolment": _silent_since_enrolment_to_learner,
    "never_opened": _never_opened_to_learner,
    "never_opened_since_enrolment": _never_opened_since_enrolment_to_learner,
    "less_active_than_cohort": _less_active_to_learner,
    "slowed_down": _slowed_down_to_learner,
    "back_again": _back_again_to_learner,
    "clears_with_visit": lambda values, words: words.gettext("This goes away with your next visit."),
    "clears_with_opening": lambda values, words: words.gettext("This goes away with your first visit."),
    "clears_with_more_activity": lambda values, words: words.gettext(
        "This goes away when you are active on more days."
    ),
    "last_visit": _last_visit_to_learner,
    "no_visit_yet": lambda values, words: words.gettext("You have not visited the course yet."),
    "active_days": _active_days_to_learner,
}
"""Sentences that say something different to the learner; the others are the same for both."""
