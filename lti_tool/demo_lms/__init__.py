"""A stand-in platform for demonstrations and tests: it behaves like a Moodle 4.5 site with one course.

The LTI side is an adapter over lti1p3platform; the web services answer as Moodle's do, errors included.
This package imports nothing else of the project, so that the tool is always tested against a stranger.
"""
