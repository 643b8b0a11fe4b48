"""Where facts come from: one module per kind of source, each turning a platform's answers into facts.

Sources know the platform client and course_sync.facts, never the database.
"""
