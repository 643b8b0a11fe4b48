"""Sentences about required work and grades, for a mentor and for the learner; explanation.py picks among
them.
"""

from mentor_console.flags.sentence_values import Sentence, Values, day_words
from mentor_console.flags.words import Words


def _missed_deadline(values: Values, words: Words) -> str:
    named = {"name": values["name"], "date": day_words(values["due_at"], words)}
    if values["extended"]:
        return words.gettext(
            "“%(name)s” was due, after an extension, on %(date)s and is not handed in.", **named
        )
    if values["expected"] is None:
        return words.gettext("“%(name)s” was due on %(date)s and is not handed in.", **named)
    return words.gettext(
        "“%(name)s” was due on %(date)s and is not handed in; "
        "of %(expected)s asked for, %(handed_in)s came in.",
        handed_in=values["handed_in"],
        expected=values["expected"],
        **named,
    )


def _missed_deadline_to_learner(values: Values, words: Words) -> str:
    named = {"name": values["name"], "date": day_words(values["due_at"], words)}
    if values["extended"]:
        return words.gettext(
            "You have not handed in “%(name)s”, due on %(date)s after your extension.",
            **named,
        )
    if values["expected"] is None:
        return words.gettext("You have not handed in “%(name)s”, due on %(date)s.", **named)
    return words.gettext(
        "You have not handed in “%(name)s”, due on %(date)s; "
        "of %(expected)s asked for, %(handed_in)s came in.",
        handed_in=values["handed_in"],
        expected=values["expected"],
        **named,
    )


def _clears_with_hand_in(values: Values, words: Words) -> str:
    return words.gettext("It clears when “%(name)s” is handed in, or with an extension.", name=values["name"])


def _clears_with_hand_in_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "This goes away when you hand in “%(name)s”, or with an extension.", name=values["name"]
    )


def _required_done(values: Values, words: Words) -> str:
    return words.ngettext(
        "%(done)s of %(required)s required activity done.",
        "%(done)s of %(required)s required activities done.",
        values["required"],
        done=values["done"],
        required=values["required"],
    )


def _required_done_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "You have done %(done)s of %(required)s required activity.",
        "You have done %(done)s of %(required)s required activities.",
        values["required"],
        done=values["done"],
        required=values["required"],
    )


def _deadlines_unknown(values: Values, words: Words) -> str:
    return words.ngettext(
        "For %(count)s past deadline it is not known whether anything was handed in.",
        "For %(count)s past deadlines it is not known whether anything was handed in.",
        values["count"],
        count=values["count"],
    )


def _fewer_steps(values: Values, words: Words) -> str:
    return words.gettext(
        "Required activities done, of those due by now: %(due_done)s of %(due)s; %(done)s in all, where half "
        "of the learners of this course have %(cohort)s or more.",
        due=values["due"],
        due_done=values["due_done"],
        done=values["done"],
        cohort=values["cohort_done"],
    )


def _fewer_steps_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "You have done %(due_done)s of the %(due)s required activity due by now, and %(done)s in all; half "
        "of the learners of this course have done %(cohort)s or more.",
        "You have done %(due_done)s of the %(due)s required activities due by now, and %(done)s in all; half "
        "of the learners of this course have done %(cohort)s or more.",
        values["due"],
        due=values["due"],
        due_done=values["due_done"],
        done=values["done"],
        cohort=values["cohort_done"],
    )


def _clears_with_steps(values: Values, words: Words) -> str:
    return words.ngettext(
        "It clears when %(done)s required activity is done, if the others stand still.",
        "It clears when %(done)s required activities are done, if the others stand still.",
        values["done"],
        done=values["done"],
    )


def _clears_with_steps_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "This goes away when you have done %(done)s required activity.",
        "This goes away when you have done %(done)s required activities.",
        values["done"],
        done=values["done"],
    )


def _grade_below_cohort(values: Values, words: Words) -> str:
    return words.gettext(
        "%(score)s%% in “%(name)s”; half of the learners of this course have %(cohort)s%% or more.",
        score=values["score_percent"],
        name=values["name"],
        cohort=values["cohort_percent"],
    )


def _grade_below_cohort_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "You have %(score)s%% in “%(name)s”; half of the learners of this course have %(cohort)s%% or more.",
        score=values["score_percent"],
        name=values["name"],
        cohort=values["cohort_percent"],
    )


def _mean_below_cohort(values: Values, words: Words) -> str:
    return words.ngettext(
        "Over %(count)s graded activity, the result lies %(points)s points below the middle of this course.",
        "Over %(count)s graded activities, the results lie on average %(points)s points below the middle of "
        "this course.",
        values["graded"],
        count=values["graded"],
        points=values["points"],
    )


def _mean_below_cohort_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "Over %(count)s graded activity, your result lies %(points)s points below the middle of this course.",
        "Over %(count)s graded activities, your results lie on average %(points)s points below the middle of "
        "this course.",
        values["graded"],
        count=values["graded"],
        points=values["points"],
    )


def _grade_fell(values: Values, words: Words) -> str:
    return words.ngettext(
        "%(score)s%% in “%(name)s”, after %(usual)s%% in %(count)s graded activity before.",
        "%(score)s%% in “%(name)s”, after an average of %(usual)s%% in %(count)s graded activities before.",
        values["graded"],
        score=values["score_percent"],
        name=values["name"],
        usual=values["usual_percent"],
        count=values["graded"],
    )


def _grade_fell_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "You have %(score)s%% in “%(name)s”, after %(usual)s%% in %(count)s graded activity before.",
        "You have %(score)s%% in “%(name)s”, after an average of %(usual)s%% in %(count)s graded activities"
        " before.",
        values["graded"],
        score=values["score_percent"],
        name=values["name"],
        usual=values["usual_percent"],
        count=values["graded"],
    )


def _caught_up(values: Values, words: Words) -> str:
    return words.gettext(
        "“%(name)s” was handed in on %(date)s, and nothing is overdue any more.",
        name=values["name"],
        date=day_words(values["handed_in_at"], words),
    )


def _caught_up_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "You handed in “%(name)s” on %(date)s, and nothing is overdue any more.",
        name=values["name"],
        date=day_words(values["handed_in_at"], words),
    )


def _finished(values: Values, words: Words) -> str:
    return words.gettext("Finished the course on %(date)s.", date=day_words(values["finished_on"], words))


def _finished_to_learner(values: Values, words: Words) -> str:
    return words.gettext("You finished the course on %(date)s.", date=day_words(values["finished_on"], words))


def _passes_after(values: Values, words: Words) -> str:
    return words.gettext("This is shown until %(date)s.", date=day_words(values["until"], words))


FOR_MENTOR: dict[str, Sentence] = {
    "missed_deadline": _missed_deadline,
    "clears_with_hand_in": _clears_with_hand_in,
    "fewer_steps": _fewer_steps,
    "clears_with_steps": _clears_with_steps,
    "grade_below_cohort": _grade_below_cohort,
    "grades_below_cohort": _mean_below_cohort,
    "grade_fell": _grade_fell,
    "clears_with_better_grade": lambda values, words: words.gettext("It clears with better grades."),
    "caught_up": _caught_up,
    "finished": _finished,
    "passes_after": _passes_after,
    "required_done": _required_done,
    "deadlines_unknown": _deadlines_unknown,
}

FOR_LEARNER: dict[str, Sentence] = {
    "missed_deadline": _missed_deadline_to_learner,
    "clears_with_hand_in": _clears_with_hand_in_to_learner,
    "fewer_steps": _fewer_steps_to_learner,
    "clears_with_steps": _clears_with_steps_to_learner,
    "grade_below_cohort": _grade_below_cohort_to_learner,
    "grades_below_cohort": _mean_below_cohort_to_learner,
    "grade_fell": _grade_fell_to_learner,
    "clears_with_better_grade": lambda values, words: words.gettext("This goes away with better grades."),
    "caught_up": _caught_up_to_learner,
    "finished": _finished_to_learner,
    "required_done": _required_done_to_learner,
}
"""Sentences that say something different to the learner; the others are the same for both."""
