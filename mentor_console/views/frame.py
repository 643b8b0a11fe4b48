"""What every page has around it: navigation by part, languages, notices, the style sheet's address.

Given to templates by context processors; `base.html` is also the frame of the door's pages, where nobody is
signed in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from babel import Locale
from flask import current_app, g, request, url_for
from flask_babel import get_babel, get_locale
from flask_babel import gettext as _

from mentor_console import (
    evidence_wording,
    fact_wording,
    form_wording,
    missing_words,
    moments,
    notices,
    playbook_wording,
    rule_wording,
    support_wording,
    sync_words,
    task_wording,
    wording,
)
from mentor_console.access import Viewer
from mentor_console.views import charts, forms
from mentor_console.views.routes import assets, blueprint


@dataclass(frozen=True)
class NavigationItem:
    """One link of the main navigation."""

    address: str
    words: str
    is_current: bool


@dataclass(frozen=True)
class LanguageChoice:
    """One language in which the pages can be read."""

    code: str
    name: str
    is_current: bool


@blueprint.app_context_processor
def add_frame() -> dict[str, Any]:
    """What base.html asks for, on the door's pages too."""
    return {"asset_url": asset_url, "language_choices": list_languages, "navigation": list_navigation}


@blueprint.context_processor
def add_wording() -> dict[str, Any]:
    """Words, moments and charts, and the sentence after an action if its code is one of ours."""
    return {
        "wording": wording,
        "moments": moments,
        "missing_words": missing_words,
        "sync_words": sync_words,
        "notices": notices,
        "charts": charts,
        "facts": fact_wording,
        "figures": evidence_wording,
        "support": support_wording,
        "tasks_in": task_wording,
        "playbooks": playbook_wording,
        "rules": rule_wording,
        "form_words": form_wording.field_words,
        "conflict_words": form_wording.conflict_words,
        "here": forms.here,
        "mailto": mailto,
        "taking_back": forms.offered_undo(),
        "notice": notices.done_sentence(request.args.get("done", "")),
        "problem": notices.problem_sentence(request.args.get("problem", "")),
    }


def list_navigation(viewer: Viewer) -> list[NavigationItem]:
    """The pages of this viewer's parts, in the order of a day."""
    pages = (
        (viewer.is_mentor, "console.today", _("Today")),
        (viewer.is_trainer, "console.course", _("Course")),
        (viewer.is_trainer, "console.course_rules", _("Rules")),
        (viewer.is_learner, "console.own_page", _("My support")),
        (viewer.is_admin, "console.admin", _("Organisation")),
    )
    return [
        NavigationItem(
            url_for(endpoint), words, request.endpoint == endpoint or g.get("shown_path") == url_for(endpoint)
        )
        for has_part, endpoint, words in pages
        if has_part
    ]


def offered_locales() -> list[str]:
    """Codes of the languages there are translations for; English is in the texts themselves."""
    return list(_own_names(tuple(get_babel().translation_directories)))


def list_languages() -> list[LanguageChoice]:
    """Each language by its own name."""
    current = str(get_locale())
    names = _own_names(tuple(get_babel().translation_directories))
    return [LanguageChoice(code, name, code == current) for code, name in names.items()]


@cache
def _own_names(_folders: tuple[str, ...]) -> dict[str, str]:
    """Languages that are offered, by code. Looked up once for these folders: every page asks."""
    codes = {str(locale) for locale in get_babel().instance.list_translations()} | {"en"}
    return {code: (Locale.parse(code).get_display_name() or code).capitalize() for code in sorted(codes)}


def asset_url(filename: str) -> str:
    """Address of a static file with its fingerprint: cached for good, and fetched anew when it changed."""
    mark = _fingerprint(filename) if not current_app.debug else None
    return url_for("console_assets.static", filename=filename, v=mark)


def mailto(address: str, body: str = "") -> str:
    """Address that opens a letter to somebody, with a draft if there is one (RFC 6068)."""
    local, at, domain = address.rpartition("@")
    written = f"mailto:{quote(local, safe='!$*-._~+')}{at}{quote(domain, safe='[]:')}"
    return f"{written}?body={quote(body, safe='')}" if body else written


@cache
def _fingerprint(filename: str) -> str:
    return hashlib.sha256((Path(str(assets.static_folder)) / filename).read_bytes()).hexdigest()[:12]
