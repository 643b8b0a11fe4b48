"""The e-mentor's console: who may see whom, flags, support, contacts, and the pages that show them.

Reads what course_sync keeps; never speaks to a platform itself and never imports lti_tool.
"""
