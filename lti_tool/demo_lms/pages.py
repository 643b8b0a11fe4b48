"""The site's own pages: who to be, the course, the activity with the tool in a frame, calendar and faults.

Being somebody is a cookie, but every link names the person too, so that two tabs can be two people.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.clock import DemoClock
from lti_tool.demo_lms.course import Activity
from lti_tool.demo_lms.faults import Faults, FaultsError
from lti_tool.demo_lms.history import COMPLETE_FAIL, History
from lti_tool.demo_lms.people import EDITING_TEACHER, LEARNER, ROLE_IDS, SERVICE, STAFF, Person
from lti_tool.demo_lms.placing import PlacedLink
from lti_tool.demo_lms.site import DemoSite, current_site
from lti_tool.demo_lms.texts import TEXTS, find_text, long_date, short_date

blueprint = Blueprint("demo_pages", __name__)

PERSON_COOKIE = "demo_person"
LANGUAGE_COOKIE = "demo_language"
LEARNERS_OFFERED = 8
ADD_PATH = "/course/modedit.php"


def chosen_language() -> str | None:
    """The language picked on the page, or None: each person's own."""
    asked = request.args.get("lang", request.cookies.get(LANGUAGE_COOKIE, ""))
    return asked if asked in TEXTS else None


def page_language(person: Person | None) -> str:
    """Code of a language the pages are written in."""
    own = person.language if person and person.language in TEXTS else "en"
    return chosen_language() or own


def launch_locale(person: Person) -> str:
    """What a launch says; may be a language the pages do not have."""
    return chosen_language() or person.language


def find_person(site: DemoSite) -> Person | None:
    """Who the request says one is; None when nobody was chosen. Aborts for somebody unknown."""
    named = request.args.get("user") or request.cookies.get(PERSON_COOKIE)
    if not named:
        return None
    person = site.people.get(int(named)) if named.isdecimal() else None
    if person is None or person.kind == SERVICE:
        abort(404, "unknown_person")
    return person


def get_person(site: DemoSite) -> Person:
    """Aborts when nobody was chosen."""
    return find_person(site) or abort(403, "choose_first")


def link(path: str, **query: object) -> str:
    """A path with its query; the chosen language travels along."""
    if language := chosen_language():
        query["lang"] = language
    return f"{path}?{urlencode(query)}" if query else path


def course_link(person: Person) -> str:
    """The course page as that person."""
    return link("/course/view.php", id=constants.COURSE_ID, user=person.user_id)


def launch_link(person: Person, cmid: int, **query: object) -> str:
    """Opens the tool from one of its links."""
    return link(constants.LAUNCH_PATH, id=cmid, user=person.user_id, **query)


def find_tool_link(site: DemoSite) -> PlacedLink | None:
    """The added link this request is about, None for the course's own activity. Aborts for any other id."""
    named = request.args.get("id", "")
    if named == str(site.course.tool.cmid):
        return None
    return site.placed.find(named) or abort(404, "unknown_page")


def language_links() -> list[tuple[str, str, bool]]:
    """(code, address of this page in that language, whether it is chosen); code "" = the person's own."""
    here = request.args.to_dict()
    return [
        (code, f"{request.path}?{urlencode({**here, 'lang': code})}", code == (chosen_language() or ""))
        for code in ("", *TEXTS)
    ]


def calendar(clock: DemoClock, language: str) -> dict[str, Any]:
    """What the calendar box shows, and where its buttons lead back to."""
    return {
        "day": clock.day,
        "length": clock.length_days,
        "date": long_date(clock.local(clock.now()), language),
        "zone": constants.TIME_ZONE,
        "finished": clock.finished,
        "back": request.full_path.rstrip("?"),
    }


def render(template: str, person: Person | None, status: int = 200, **values: Any) -> ResponseReturnValue:
    """A page with the frame all pages share."""
    site, language = current_site(), page_language(person)

    def text(key: str, **fields: object) -> str:
        return find_text(language, key, **fields)

    common: dict[str, Any] = {
        "site": site,
        "person": person,
        "language": language,
        "t": text,
        "languages": language_links(),
        "calendar": calendar(site.clock, language),
        "link": link,
        "course_link": course_link,
        "course_id": constants.COURSE_ID,
        "course_name": constants.COURSE_FULLNAME,
    }
    return render_template(f"demo_lms/{template}", **common, **values), status


def _remember(response: Response, cookie: str, value: str | None) -> Response:
    """A cookie for the next page that names nobody; a failed request changes nothing."""
    if value is not None and response.status_code < 400:
        response.set_cookie(cookie, value, httponly=True, samesite="Lax")
    return response


@blueprint.after_request
def remember_language(response: Response) -> Response:
    """The language picked on a page stays until another is picked."""
    return _remember(response, LANGUAGE_COOKIE, request.args.get("lang"))


@blueprint.after_request
def remember_person(response: Response) -> Response:
    """Who one is: set by pages and by launches, as a login would."""
    return _remember(response, PERSON_COOKIE, request.args.get("user"))


@blueprint.get("/")
def front_page() -> ResponseReturnValue:
    """The course, and who one can be."""
    site = current_site()
    learners = [history.person for history in site.enrolled_learners()]
    staff = [person for person in STAFF if person.kind != SERVICE]
    return render("front.html", find_person(site), staff=staff, learners=learners, offered=LEARNERS_OFFERED)


@blueprint.get("/course/view.php")
def course_page() -> ResponseReturnValue:
    """The outline, with completion marks for a learner."""
    site = current_site()
    if request.args.get("id") != str(constants.COURSE_ID):
        abort(404, "unknown_page")
    person = get_person(site)
    history = site.find_learner(person.user_id)
    enrolled = history is not None or (person.kind in ROLE_IDS and person.kind != LEARNER)
    outline = outline_rows(site, history, page_language(person))
    return render(
        "course.html",
        person,
        enrolled=enrolled,
        outline=outline,
        tool_link=_tool_link(site.course.tool.cmid, person),
        added=[(placed, _tool_link(placed.cmid, person)) for placed in site.placed.all()],
        add_link=link(ADD_PATH, user=person.user_id) if person.kind == EDITING_TEACHER else None,
    )


def _tool_link(cmid: int, person: Person) -> str:
    return link("/mod/lti/view.php", id=cmid, user=person.user_id)


def outline_rows(
    site: DemoSite, history: History | None, language: str
) -> list[tuple[int, list[dict[str, str]]]]:
    """(week, its activities as shown); completion marks only for a learner."""
    weeks: dict[int, list[dict[str, str]]] = {}
    for activity in site.course.activities:
        if activity.modname != "lti":
            weeks.setdefault(activity.week, []).append(_outline_row(site, history, activity, language))
    return list(weeks.items())


def _outline_row(
    site: DemoSite, history: History | None, activity: Activity, language: str
) -> dict[str, str]:
    when = find_text(language, "optional")
    if activity.due_day is not None:
        date = short_date(site.clock.date_of(activity.due_day), language)
        when = find_text(language, "expected" if activity.modname == "page" else "due", date=date)
    found = history.find_completion(activity.cmid, site.clock.known_day) if history else None
    mark = find_text(language, "failed" if found[1] == COMPLETE_FAIL else "done") if found else ""
    return {"name": activity.name, "when": when, "mark": mark}


@blueprint.get("/mod/lti/view.php")
def tool_page() -> ResponseReturnValue:
    """The external tool activity: the tool in a frame, as Moodle embeds it."""
    site = current_site()
    placed = find_tool_link(site)
    person = get_person(site)
    cmid = placed.cmid if placed else site.course.tool.cmid
    frame = launch_link(person, cmid, target="iframe", storage=1)
    window = launch_link(person, cmid, target="window")
    return render("tool.html", person, frame_link=frame, window_link=window)


@blueprint.get("/demo/clock")
def clock_state() -> ResponseReturnValue:
    """The calendar as JSON."""
    clock = current_site().clock
    return jsonify(
        day=clock.day,
        known_day=clock.known_day,
        length_days=clock.length_days,
        offset_seconds=clock.offset_seconds,
        now=clock.now().isoformat(),
    )


def same_origin(view: Callable[[], ResponseReturnValue]) -> Callable[[], ResponseReturnValue]:
    """A page of another site cannot move the calendar or switch faults on."""

    def guarded() -> ResponseReturnValue:
        origin = request.headers.get("Origin")
        if origin not in (None, current_site().base_url, request.host_url.rstrip("/")):
            abort(403, "error")
        return view()

    guarded.__name__ = view.__name__
    return guarded


@blueprint.post("/demo/clock/advance")
@same_origin
def advance_clock() -> ResponseReturnValue:
    """One day or one week on."""
    days = request.form.get("days", "")
    if days not in {"1", "7"}:
        return jsonify(error="days must be 1 or 7: the calendar moves forwards, by a day or a week"), 400
    current_site().clock.advance(int(days))
    back = request.form.get("back", "/")
    # only our own paths: an address with a host would make this an open redirect
    safe = back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/"
    return redirect(safe, 303)


@blueprint.get("/demo/faults")
def list_faults() -> ResponseReturnValue:
    """Which faults are on."""
    return jsonify(current_site().faults.to_json())


@blueprint.post("/demo/faults")
@same_origin
def set_faults() -> ResponseReturnValue:
    """JSON object of the faults that are on from now; what is left out is off."""
    site = current_site()
    try:
        site.faults = Faults.from_json(request.get_json(silent=True))
    except FaultsError as error:
        return jsonify(error=str(error)), 400
    return jsonify(site.faults.to_json())
