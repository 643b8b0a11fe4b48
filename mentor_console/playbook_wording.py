"""Playbooks in words: the title of the task each sets, and a draft to start from, in the reader's language.

A draft is a start, never sent by the tool. No sentence assumes a gender; the learner is called by name.
"""

from __future__ import annotations

from flask_babel import gettext as _


def title(code: str) -> str:
    """What is to be done; the code itself for a playbook that is no longer in use."""
    return _titles().get(code, code)


def draft(code: str, name: str) -> str:
    """A text to start from; "" for a playbook that is no longer in use."""
    return (_alarm_drafts(name) | _other_drafts(name)).get(code, "")


def _titles() -> dict[str, str]:
    return {
        "reply_to_help": _("Answer the call for help"),
        "settle_wrong_fact": _("Find out what is wrong in the data and have it put right"),
        "offline_follow_up": _("Ask how the work offline is going"),
        "access_check": _("Check that the way into the course works"),
        "welcome_call": _("Make a welcome call"),
        "first_steps_together": _("Do the first step together"),
        "gentle_check_in": _("Ask gently how things are"),
        "come_back_plan": _("Agree on a small plan for coming back"),
        "deadline_talk": _("Talk about the work that is overdue"),
        "ask_for_extension": _("Ask the trainer for more time"),
        "catch_up_plan": _("Make a plan for catching up"),
        "small_next_step": _("Choose one small next step"),
        "study_rhythm": _("Find a weekly rhythm"),
        "study_partner": _("Suggest a study partner"),
        "revise_feedback": _("Go through the feedback on the last work"),
        "praise_return": _("Say how good it is to have somebody back"),
        "praise_catch_up": _("Congratulate on catching up"),
        "praise_finish": _("Congratulate on finishing"),
        "praise_streak": _("Praise the steady work"),
    }


def _alarm_drafts(name: str) -> dict[str, str]:
    """For what has gone quiet or late."""
    named = {"name": name}
    return {
        "access_check": _(
            "Hello %(name)s, I am your e-mentor. It looks as if you have not been able to open the course "
            "yet. Does the link work for you? If not, tell me what you see, and we will sort it out.",
            **named,
        ),
        "welcome_call": _(
            "Hello %(name)s, I am your e-mentor and would like to say hello by phone. When would ten minutes "
            "suit you this week?",
            **named,
        ),
        "first_steps_together": _(
            "Hello %(name)s, the first step is often the hardest alone. Shall we do it together? It takes "
            "about twenty minutes.",
            **named,
        ),
        "gentle_check_in": _(
            "Hello %(name)s, I have not seen you in the course for a while. How are you? No reproach; I only "
            "want to know whether I can do something for you.",
            **named,
        ),
        "come_back_plan": _(
            "Hello %(name)s, it is easy to come back: I have looked at what matters most now. Shall we "
            "choose two things for this week and leave the rest for later?",
            **named,
        ),
        "deadline_talk": _(
            "Hello %(name)s, a piece of work is past its date. What stands in the way: time, the question "
            "itself, or something else? Tell me, and we will find a way.",
            **named,
        ),
        "ask_for_extension": _(
            "Hello %(name)s, would more time help with the piece of work that is overdue? If so, name a day "
            "that is realistic, and I will ask the trainer.",
            **named,
        ),
        "catch_up_plan": _(
            "Hello %(name)s, a few steps are open. I suggest a plan: what comes first, what can wait, and "
            "when we look at it again. Does Thursday suit you?",
            **named,
        ),
        "small_next_step": _(
            "Hello %(name)s, let us make it small: which one step could you do this week? Tell me when it is "
            "done, I will be glad.",
            **named,
        ),
    }


def _other_drafts(name: str) -> dict[str, str]:
    """For a course that gets harder, for good news, and for what the learner said."""
    named = {"name": name}
    return {
        "study_rhythm": _(
            "Hello %(name)s, your weeks in the course have become quieter. Which two fixed hours a week "
            "would be yours? A fixed time helps more than good intentions.",
            **named,
        ),
        "study_partner": _(
            "Hello %(name)s, some learners work better in pairs. May I bring you together with somebody who "
            "is at the same point?",
            **named,
        ),
        "revise_feedback": _(
            "Hello %(name)s, the last result says less than the comments on it. Shall we read them together "
            "and choose one thing for the next piece of work?",
            **named,
        ),
        "praise_return": _(
            "Hello %(name)s, good to see you back in the course! If anything is unclear after the break, "
            "write to me.",
            **named,
        ),
        "praise_catch_up": _("Hello %(name)s, you have caught up. That was real work: well done!", **named),
        "praise_finish": _(
            "Hello %(name)s, you have done every step of the course. Congratulations! What comes next for "
            "you?",
            **named,
        ),
        "praise_streak": _(
            "Hello %(name)s, you have been working steadily for weeks. That is what carries people through "
            "a course. Keep it up!",
            **named,
        ),
        "reply_to_help": _(
            "Hello %(name)s, thank you for asking. I have read what you need; this is what I suggest:",
            **named,
        ),
        "settle_wrong_fact": _(
            "Hello %(name)s, thank you for saying that something is wrong. I will check it with the trainer "
            "and tell you what came out.",
            **named,
        ),
        "offline_follow_up": _(
            "Hello %(name)s, thank you for telling me. I will leave you in peace until then. How is the work "
            "going, and what will you need when you are back?",
            **named,
        ),
    }
