"""Moodle's web services (REST, JSON) as the demo site answers them, after a real 4.5.6."""
