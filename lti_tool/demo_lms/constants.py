"""Names and numbers that stay the same each time the demo runs: what a tool is told at its registration.

Only values; where they are used is elsewhere. None is a secret: the site serves open data on loopback.
"""

CLIENT_ID = "demo-ementor-tool"
DEPLOYMENT_ID = "1"
LINK_ID = 1
"""Resource link id: the instance of the external tool activity in the course."""

WS_TOKEN = "dec0dedec0dedec0dedec0dedec0de01"
"""Token of the reading service user, who is enrolled nowhere."""
MENTOR_1_WS_TOKEN = "dec0dedec0dedec0dedec0dedec0de02"
"""The first e-mentor's own token: sees the own group only, and may message its members."""
MENTOR_2_WS_TOKEN = "dec0dedec0dedec0dedec0dedec0de03"

COURSE_ID = 21
COURSE_SHORTNAME = "SOC101"
COURSE_FULLNAME = "People and society: an introduction"
COURSE_IDNUMBER = "SIS-SOC101"

ADMIN_ID = 2
MANAGER_ID = 143
TRAINER_ID = 144
MENTOR_1_ID = 145
MENTOR_2_ID = 146
NOBODY_ID = 150
WS_READER_ID = 160
FIRST_LEARNER_ID = 201
"""Learners are numbered from here, in the order of the data file."""

GROUP_A_ID = 11
GROUP_B_ID = 12

START_DAY = 57
"""The day of the course on which a new demo begins."""

TIME_ZONE = "Europe/Paris"
"""The site's: its deadlines end at 23:59 there, and its pages print the days of that zone."""
SECONDS_PER_DAY = 86_400
MARKING_DAYS = 14
"""A tutor-marked score becomes visible so many days after the submission."""
PASS_MARK = 40
"""Out of 100."""

NRPS_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"

MOODLE_VERSION = "2024100706"
MOODLE_RELEASE = "4.5.6 (Build: 20250811)"

LAUNCH_PATH = "/mod/lti/launch.php"
AUTH_PATH = "/mod/lti/auth.php"
TOKEN_PATH = "/mod/lti/token.php"
CERTS_PATH = "/mod/lti/certs.php"
MEMBERSHIPS_PATH = f"/mod/lti/services.php/CourseSection/{COURSE_ID}/bindings/{DEPLOYMENT_ID}/memberships"
WS_PATH = "/webservice/rest/server.php"

TOOL_LOGIN_PATH = "/lti/login"
TOOL_LAUNCH_PATH = "/lti/launch"
TOOL_JWKS_PATH = "/.well-known/jwks.json"
