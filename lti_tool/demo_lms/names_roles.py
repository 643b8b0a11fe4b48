"""Names and Role Provisioning Service 2.0 over lti1p3platform, with Moodle's paging and its quirks.

The library crashes on `?limit=&page=` and sends no Link header; Moodle pages with `limit` and `from`.
"""

from typing import Any
from urllib.parse import urlencode

from lti1p3platform.membership import Context
from lti1p3platform.response import Response
from lti1p3platform.service_connector import NamesRoleProvisioningService

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.claims import CLAIM, MEMBERSHIP, NRPS_ROLES
from lti_tool.demo_lms.lti_request import DemoRequest
from lti_tool.demo_lms.people import Person
from lti_tool.demo_lms.site import COURSE_CONTEXT, DemoSite, shorten


class DemoNamesRoles(NamesRoleProvisioningService):
    """`next_url` is set when there are more members than were asked for."""

    def __init__(self, request: DemoRequest, site: DemoSite) -> None:
        request.request["get_data"].pop("page", None)  # the library adds 1 to it although it is text
        super().__init__(request, site.keys.platform(), site.url(constants.MEMBERSHIPS_PATH))
        self._site = site
        self.next_url: str | None = None

    def get_context_by_id(self) -> Context:
        return Context(**COURSE_CONTEXT)

    def is_resource_link_valid(self, context_id: str, resource_link_id: str) -> bool:
        return resource_link_id == str(constants.LINK_ID)

    def get_member_data_page(self, **query: str) -> dict[str, Any]:
        """One page of members; `has_next` stays False so that the library leaves the link to us."""
        members = [self._member(person, "rlid" in query) for person in self._ordered(query.get("role", ""))]
        limit, start = _whole_number(query.get("limit")), _whole_number(query.get("from"))
        page = members[start : start + limit] if limit else members
        if limit and start + limit < len(members):
            # Moodle forgets the role filter here
            link = urlencode({"limit": limit, "from": start + limit})
            self.next_url = f"{self.nrps.context_memberships_url}?{link}"
        return {"content": shorten(page, self._site.faults), "has_next": False}

    def _ordered(self, role: str) -> list[Person]:
        """Enrolled and not suspended, by last and first name. An unknown role returns everyone."""
        people = [person for person in self._site.enrolled_people() if not self._site.is_suspended(person)]
        short = role.removeprefix(MEMBERSHIP)
        if short in {"Instructor", "Learner"}:
            people = [person for person in people if short in NRPS_ROLES[person.kind]]
        return sorted(people, key=lambda person: (person.last_name, person.first_name))

    def _member(self, person: Person, with_message: bool) -> dict[str, Any]:
        message = {"message": [{f"{CLAIM}message_type": "LtiResourceLinkRequest"}]} if with_message else {}
        return {
            "status": "Active",
            "roles": list(NRPS_ROLES[person.kind]),
            **message,
            "user_id": str(person.user_id),
            "lis_person_sourcedid": person.idnumber,
            "name": person.full_name,
            "given_name": person.first_name,
            "family_name": person.last_name,
            "email": person.email,
            "ext_user_username": person.username,
        }


def _whole_number(text: str | None) -> int:
    """0 for anything that is not a whole number above 0."""
    return int(text) if text and text.isdecimal() else 0


def answer_members(site: DemoSite, request: DemoRequest) -> tuple[Response, str | None]:
    """The library's response and the address of the next page, if any."""
    service = DemoNamesRoles(request, site)
    response: Response = service.handle_resp(service.handle_get_members)
    return response, service.next_url
