"""A registered platform whose keys the tool gets without HTTP."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.harness.lti_platform import TestPlatform, use_keys_of


@pytest.fixture
def platform(app: Flask) -> TestPlatform:
    """A platform the tool knows."""
    known = TestPlatform()
    known.register(app)
    use_keys_of(app, known)
    return known
