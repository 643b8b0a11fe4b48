"""Faults change exactly what they say, and the pages stay usable."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.faults import Faults, FaultsError
from lti_tool.demo_lms.site import DemoSite

Ask = Callable[..., Any]
QUERY = {
    "wstoken": constants.WS_TOKEN,
    "wsfunction": "core_enrol_get_enrolled_users",
    "moodlewsrestformat": "json",
    "courseid": constants.COURSE_ID,
}


def test_faults_survive_the_way_through_json() -> None:
    faults = Faults(
        down=True,
        slow_seconds=1.5,
        missing_capabilities=frozenset({"a:b"}),
        suspended_user_ids=frozenset({5}),
    )
    assert Faults.from_json(json.loads(json.dumps(faults.to_json()))) == faults


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"unknown": True},
        {"down": 1},
        {"slow_seconds": "3"},
        {"slow_seconds": -1},
        {"slow_seconds": True},
        {"missing_capabilities": "a"},
        {"missing_capabilities": [1]},
        {"suspended_user_ids": ["5"]},
        {"suspended_user_ids": [True]},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(lms: FlaskClient, site: DemoSite, value: Any) -> None:
    with pytest.raises(FaultsError):
        Faults.from_json(value)
    assert lms.post("/demo/faults", json=value).status_code == 400
    assert site.faults == Faults()


def test_switched_on_and_off_over_http(lms: FlaskClient) -> None:
    assert lms.post("/demo/faults", json={"down": True}).status_code == 200
    assert lms.get(constants.WS_PATH, query_string=QUERY).status_code == 503
    assert lms.get(constants.CERTS_PATH).status_code == 503
    assert lms.post(constants.TOKEN_PATH).status_code == 503
    assert lms.get("/").status_code == 200
    assert lms.get("/demo/faults").json["down"] is True
    lms.post("/demo/faults", json={})
    assert lms.get(constants.WS_PATH, query_string=QUERY).status_code == 200


def test_another_site_cannot_switch_them_on(lms: FlaskClient, site: DemoSite) -> None:
    answer = lms.post("/demo/faults", json={"down": True}, headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 403
    assert site.faults == Faults()


def test_slow(ws: Ask, site: DemoSite) -> None:
    site.faults = Faults(slow_seconds=0.2)
    begin = time.perf_counter()
    ws("core_webservice_get_site_info")
    assert time.perf_counter() - begin >= 0.2


def test_a_page_instead_of_data(lms: FlaskClient, site: DemoSite) -> None:
    site.faults = Faults(html=True)
    answer = lms.get(constants.WS_PATH, query_string=QUERY)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")


def test_invalid_token(ws: Ask, site: DemoSite) -> None:
    site.faults = Faults(invalid_token=True)
    assert ws("core_webservice_get_site_info")["errorcode"] == "invalidtoken"


def test_a_roster_that_breaks_off(lms: FlaskClient, ws: Ask, site: DemoSite) -> None:
    whole = len(lms.get(constants.WS_PATH, query_string=QUERY).data)
    site.faults = Faults(cut_roster=True)
    answer = lms.get(constants.WS_PATH, query_string=QUERY)
    assert abs(len(answer.data) - whole / 2) <= 1
    with pytest.raises(ValueError):
        json.loads(answer.data)
    assert ws("core_webservice_get_site_info")["sitename"]


def test_a_roster_that_lacks_half(ws: Ask, site: DemoSite) -> None:
    whole = len(ws("core_enrol_get_enrolled_users", courseid=constants.COURSE_ID))
    site.faults = Faults(short_roster=True)
    assert len(ws("core_enrol_get_enrolled_users", courseid=constants.COURSE_ID)) == whole // 2


def test_a_function_that_is_not_in_the_service(ws: Ask, site: DemoSite) -> None:
    name = "gradereport_user_get_grade_items"
    assert name in {row["name"] for row in ws("core_webservice_get_site_info")["functions"]}
    site.faults = Faults(missing_functions=frozenset({name}))
    assert name not in {row["name"] for row in ws("core_webservice_get_site_info")["functions"]}
    assert ws(name, courseid=constants.COURSE_ID)["errorcode"] == "accessexception"


def test_without_the_right_to_use_rest_nothing_works(ws: Ask, site: DemoSite) -> None:
    site.faults = Faults(missing_capabilities=frozenset({"webservice/rest:use"}))
    assert ws("core_webservice_get_site_info")["errorcode"] == "accessexception"


def test_without_the_right_to_view_the_course(ws: Ask, site: DemoSite) -> None:
    site.faults = Faults(missing_capabilities=frozenset({"moodle/course:view"}))
    for function in (
        "core_enrol_get_enrolled_users",
        "core_course_get_contents",
        "core_group_get_course_groups",
    ):
        assert ws(function, courseid=constants.COURSE_ID)["errorcode"] == "errorcoursecontextnotvalid"
    assert ws("mod_quiz_get_quizzes_by_courses", **{"courseids[0]": constants.COURSE_ID})["quizzes"] == []
