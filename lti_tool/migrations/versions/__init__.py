"""Migrations in order; made with `flask --app lti_tool.app:create_app db migrate`, then read and edited."""
