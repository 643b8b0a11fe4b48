"""Migrations in order; how one is made is in docs/development.md. Each is then read and edited."""
