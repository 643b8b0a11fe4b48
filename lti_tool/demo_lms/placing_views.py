"""Adding a link to the course: the trainer's page with the tool's choice in a frame, and what comes back."""

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from lti_tool.demo_lms.launch import start_placing
from lti_tool.demo_lms.lti_views import no_store
from lti_tool.demo_lms.pages import (
    ADD_PATH,
    chosen_language,
    get_person,
    launch_locale,
    link,
    remember_person,
    render,
)
from lti_tool.demo_lms.people import EDITING_TEACHER, Person
from lti_tool.demo_lms.placing import RETURN_PATH, AnswerRefused
from lti_tool.demo_lms.site import DemoSite, current_site

blueprint = Blueprint("demo_placing", __name__)
blueprint.after_request(remember_person)

CHOOSE_PATH = "/mod/lti/contentitem.php"


@blueprint.get(ADD_PATH)
def add_page() -> ResponseReturnValue:
    """The tool's choice in a frame."""
    person = _get_person_who_may_add(current_site())
    return render("add.html", person, frame_link=link(CHOOSE_PATH, user=person.user_id, storage=1))


@blueprint.get(CHOOSE_PATH)
def choose() -> ResponseReturnValue:
    """First half of a deep-linking launch. A Moodle asks who may before; here whoever knows the address may
    try, so that the tool's own refusal can be seen.
    """
    site = current_site()
    person = get_person(site)
    form = start_placing(
        site,
        person,
        launch_locale(person),
        chosen_language() or "",
        offers_storage="storage" in request.args,
    )
    return no_store(render("autoform.html", person, form=form))


@blueprint.post(RETURN_PATH)
def come_back() -> ResponseReturnValue:
    """The tool's signed answer, posted by the trainer's browser."""
    site = current_site()
    try:
        user_id, added = site.placed.add(
            request.form.get("JWT", ""), request.args.get("sesskey", ""), site.keys
        )
    except AnswerRefused as error:
        return render("error.html", None, 400, message=str(error))
    return render("added.html", site.people[user_id], added=added)


def _get_person_who_may_add(site: DemoSite) -> Person:
    person = get_person(site)
    if person.kind != EDITING_TEACHER:
        abort(403, "may_not_add")
    return person
