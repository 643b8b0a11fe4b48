"""Course progress: what platforms know of courses and learners, fetched and kept.

The lowest room: imports neither mentor_console nor lti_tool, and knows nothing of screens.
"""
