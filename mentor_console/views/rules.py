"""The numbers of the rules, of a course or an organisation: what others would do today, and saving them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mentor_console import rule_settings, rule_wording
from mentor_console.access import current_viewer, open_to
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.rule_settings import RuleScope
from mentor_console.support_lines import RulesPage, RulesPreview
from mentor_console.views.forms import parse_id
from mentor_console.views.routes import blueprint

Answer = Response | str | tuple[str, int]
Number = int | float
_PAGES: Mapping[RuleScope, str] = {
    "course": "console.course_rules",
    "organisation": "console.organisation_rules",
}


@dataclass(frozen=True)
class RuleForm:
    """The numbers as typed, with what they would do and what is wrong with them."""

    texts: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)
    preview: RulesPreview | None = None
    based_on: int | None = None
    """The version the numbers were first shown over; another one meanwhile is a conflict when saving."""
    is_late: bool = False
    """Somebody saved others meanwhile."""


@blueprint.route("/course/rules", methods=["GET", "POST"])
@open_to("trainer")
def course_rules() -> Answer:
    """The rules of the launched course."""
    return _answer("course")


@blueprint.route("/organisation/rules", methods=["GET", "POST"])
@open_to("admin")
def organisation_rules() -> Answer:
    """The rules of all courses without numbers of their own."""
    return _answer("organisation")


def _answer(scope: RuleScope) -> Answer:
    viewer = current_viewer()
    page = rule_settings.get_rules(viewer, scope)
    if request.method == "GET":
        return _render(page, RuleForm(rule_wording.texts(page.values), based_on=page.based_on_id))
    texts = {name: request.form.get(name, "").strip() for name in page.values}
    numbers, problems = read_numbers(texts, page)
    if problems:
        return _render(page, RuleForm(texts, problems, based_on=_based_on())), 422
    overrides = {name: number for name, number in numbers.items() if number != page.inherited[name]}
    return _try_or_save(scope, overrides, page, texts)


def _try_or_save(
    scope: RuleScope, overrides: Mapping[str, Number], page: RulesPage, texts: Mapping[str, str]
) -> Answer:
    viewer = current_viewer()
    try:
        if request.form.get("do") != "save":
            preview = rule_settings.preview_rules(viewer, overrides, g.now, scope)
            return _render(page, RuleForm(texts, preview=preview, based_on=_based_on()))
        rule_settings.save_rules(viewer, overrides, _based_on(), g.now, scope)
        if scope == "organisation":
            rule_settings.queue_judging(viewer, g.real_now)
    except InvalidInput as error:
        return _render(page, RuleForm(texts, error.problems, based_on=_based_on())), 422
    except Conflict:
        return _render(page, RuleForm(texts, is_late=True, based_on=page.based_on_id)), 409
    return redirect(url_for(_PAGES[scope], done="rules_saved"), 303)


def _based_on() -> int | None:
    return parse_id(request.form.get("based_on", ""))


def read_numbers(texts: Mapping[str, str], page: RulesPage) -> tuple[dict[str, Number], dict[str, str]]:
    """Numbers by name, and codes for what is none. A field left empty means what is inherited."""
    numbers: dict[str, Number] = {}
    problems: dict[str, str] = {}
    for name, text in texts.items():
        number = _parse_number(text, type(page.inherited[name])) if text else page.inherited[name]
        if number is None:
            problems[name] = "not_a_number"
        else:
            numbers[name] = number
    return numbers, problems


def _parse_number(text: str, wanted: type) -> Number | None:
    """With a decimal point or comma where the number may have one."""
    try:
        return float(text.replace(",", ".")) if wanted is float else int(text)
    except ValueError:
        return None


def _render(page: RulesPage, form: RuleForm) -> str:
    return render_template(
        "mentor_console/rules.html", page=page, form=form, groups=rule_wording.groups(page.values)
    )
