"""Every page in every state: accessible in each light, never sideways, also in a longer language.

The states stand in one table (harness/page_states.py). A page is opened with all that folds unfolded; an
answer to a form with what says the answer unfolded, since the rest is a page that is a state of its own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Response

from lti_tool import csrf
from lti_tool.paths import translations_folder
from tests.harness import pseudo_language
from tests.harness.busy_course import UNBROKEN
from tests.harness.chromium import AXE, Watch, run_axe
from tests.harness.page_states import STATES, State
from tests.harness.state_site import StateSite, state_site

SIZES = ((1100, 800), (600, 600), (320, 800))
"""Width and height of the window."""
LAYOUT_RULES = ("color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block")
LANGUAGE_RULES = (
    *LAYOUT_RULES,
    "html-has-lang",
    "html-lang-valid",
    "valid-lang",
    "label-content-name-mismatch",
)
"""What another layout or light, and what another language read from right to left, can make different."""
DARK, FORCED, LIGHT = ("dark", "none"), ("light", "active"), ("light", "none")
"""Colour scheme and forced colours."""
VIEWS = ((SIZES[2], LIGHT, ()), (SIZES[0], DARK, LAYOUT_RULES), (SIZES[1], FORCED, LAYOUT_RULES))
"""Each size once and each light once; every rule in the first, since the mark-up is the same in all.

Light at the widest is looked at in the other language.
"""
FOREIGN = {
    "english",
    "europe",
    "paris",
    "français",
    "html",
    "utc",
    "ementor",
    "moodle",
    "canvas",
    "lti",
    "site",
    "accessallgroups",
    "connect",
    "teacher",
}
"""The same in every language: names of languages, products and roles, commands, capabilities."""

UNFOLD = """() => document.querySelectorAll("details").forEach(fold => {
  fold.removeAttribute("name"); fold.open = true; })"""
UNFOLD_ANSWER = """() => {
  const said = document.querySelectorAll("[role=alert], [role=status], [aria-invalid=true]");
  const parts = [...said].map(one => one.closest("section, article, form") || one);
  parts.forEach(part => part.setAttribute("data-answer", ""));
  for (const fold of document.querySelectorAll("details")) {
    if (!parts.some(part => part.contains(fold) || fold.contains(part))) continue;
    fold.removeAttribute("name"); fold.open = true;
  }
  return parts.length; }"""
EMPTY_FOLDED = """() => document.querySelectorAll("details:not([open])").forEach(fold =>
  fold.replaceChildren(...fold.querySelectorAll(":scope > summary")))"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SEND = """([action, fields]) => {
  const form = document.createElement("form");
  form.method = "post"; form.action = action;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input");
    input.type = "hidden"; input.name = name; input.value = value; form.append(input);
  }
  document.body.append(form); form.submit(); }"""
WORDS = """() => {
  const said = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const inside = walker.currentNode.parentElement;
    if (!inside.closest("script, textarea, code")) said.push(walker.currentNode.data);
  }
  for (const name of ["aria-label", "title", "placeholder", "alt", "data-label"]) {
    document.querySelectorAll(`[${name}]`).forEach(one => said.push(one.getAttribute(name)));
  }
  return said; }"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateSite]:
    """With one more language, for which there is nothing but a translation file."""
    folder = tmp_path_factory.mktemp("states")
    translations = pseudo_language.add_language(translations_folder(), folder)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("lti_tool.paths", "lti_tool.locale"):
            patch.setattr(f"{module}.translations_folder", lambda: translations)
        with state_site(folder) as running:
            yield running


@pytest.fixture(scope="module")
def pages(site: StateSite, chromium: Browser) -> Iterator[Callable[[str], Page]]:
    """`pages(locale)`: one page for all states, in a profile in which everybody is signed in.

    Opening a window costs Chromium more than everything that is looked at in it, and bringing axe in through
    the debugger for each document costs half again what it costs to have it there from the start.
    """
    made: dict[str, Page] = {}

    def page_in(locale: str) -> Page:
        if locale not in made:
            profile = chromium.new_context(locale=locale)
            profile.add_cookies(site.cookies())  # type: ignore[arg-type]
            profile.add_init_script(path=AXE)
            made[locale] = profile.new_page()
            made[locale].goto(site.url)
        return made[locale]

    yield page_in
    for page in made.values():
        page.context.close()


@pytest.fixture(scope="module")
def typed_words(site: StateSite) -> set[str]:
    """What people and platforms wrote; no state adds to it."""
    return site.data_words()


@pytest.fixture
def look(site: StateSite, pages: Callable[[str], Page], watch: Watch) -> Iterator[Callable[..., Page]]:
    """`look(state, size, light, locale=...)`: its page, unfolded as far as it is to be looked at."""
    watched: list[Page] = []

    def open_state(
        which: State,
        size: tuple[int, int] = SIZES[0],
        light: tuple[str, str] = LIGHT,
        locale: str = "en-GB",
    ) -> Page:
        for code in (404, 409, 422):
            watch.expect(f"status of {code}")
        page = pages(locale)
        watch.attach(page)
        watched.append(page)
        show(page, size, light)
        answer = send(page, which, site) if which.is_answer else page.goto(address(which, site))
        assert answer is not None
        assert answer.status == which.status
        if which.is_answer:
            assert page.evaluate(UNFOLD_ANSWER) > 0
        else:
            page.evaluate(UNFOLD)
        return page

    yield open_state
    for page in watched:
        watch.detach(page)


def address(which: State, site: StateSite) -> str:
    """Where it is, or where its form is sent."""
    return site.address(which.who, fill_in(which.path, site))


def send(page: Page, which: State, site: StateSite) -> Response | None:
    """Send its form from whatever page is open: all are of one origin, and no answer depends on which."""
    fields = {name: fill_in(text, site) for name, text in which.form.items()}
    with page.expect_navigation() as arrived:
        page.evaluate(SEND, [address(which, site), fields | {csrf.FIELD: site.csrf_token(which.who)}])
    return arrived.value


def fill_in(text: str, site: StateSite) -> str:
    """An address, or what a form sends, with the ids of the busy course."""
    many = site.courses["many"]
    return text.format(
        learner=many.learner_ids[0],
        calm=many.learner_ids[2],
        extended=many.learner_ids[5],
        unbroken=many.learner_ids[UNBROKEN],
        departed=many.learner_ids[28],
        unread=site.courses["unread"].learner_ids[0],
        task=many.task_id,
        gone_task=site.gone_task_id,
        activity=many.extended_id,
        extension=many.extension_id,
        platform=many.platform_id,
        real_now=int(time.time()),
    )


def changed_part(page: Page, which: State) -> str:
    """Selector of what is to be looked at in each view: of a page that answers a form, the parts that say so.

    The rest is the page on which the form stands, which is a state of its own. What stays folded there is
    taken away, as it changes nothing that is shown and axe would walk through it for each view; every rule,
    and the search for words that nobody translated, come before.
    """
    if not which.is_answer:
        return ":root"
    page.evaluate(EMPTY_FOLDED)
    return "[data-answer]"


def show(page: Page, size: tuple[int, int], light: tuple[str, str] | None = None) -> None:
    """In a window of this size, in this light; None = as it is."""
    width, height = size
    if page.viewport_size != {"width": width, "height": height}:
        page.set_viewport_size({"width": width, "height": height})
    if light is not None:
        scheme, forced = light
        page.emulate_media(color_scheme=scheme, forced_colors=forced)  # type: ignore[arg-type]


def untranslated(page: Page, data: set[str]) -> list[str]:
    """Words in plain letters that nobody typed: the other language has none."""
    wrong = []
    for said in page.evaluate(WORDS):
        rest = said
        for text in sorted((one for one in data if one in rest), key=len, reverse=True):
            rest = rest.replace(text, " ")
        words = re.findall(r"(?<![\w@.+-])[A-Za-z]{3,}(?![\w@])", rest)
        wrong += [f"{word} in {said.strip()!r}" for word in words if word.lower() not in FOREIGN]
    return wrong


@pytest.mark.parametrize("which", STATES, ids=lambda which: which.name)
def test_a_state_in_every_light_and_width(look: Callable[..., Page], which: State) -> None:
    page = look(which, *VIEWS[0][:2])
    for size, light, rules in VIEWS:
        show(page, size, light)
        assert page.evaluate(SIDEWAYS) == 0, size
        found = run_axe(page.context, page, rules, changed_part(page, which) if rules else ":root")
        assert found == [], (size, light)


@pytest.mark.parametrize("which", STATES, ids=lambda which: which.name)
def test_a_state_in_a_longer_language_from_right_to_left(
    look: Callable[..., Page], typed_words: set[str], which: State
) -> None:
    page = look(which, locale=pseudo_language.CODE)
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.locator("html").get_attribute("lang") == pseudo_language.CODE
    assert untranslated(page, typed_words | set(which.form.values())) == []
    assert run_axe(page.context, page, LANGUAGE_RULES, changed_part(page, which)) == []
    for size in SIZES:
        show(page, size)
        assert page.evaluate(SIDEWAYS) == 0, size


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("after an action", "#undo-bar button"),
        ("today of whom nothing was read", ".empty a[href$='/sync']"),
        ("a filtered history", ".chips [aria-current][href*='show=task']"),
        ("a dismissal overtaken", ".notice.problem[role=alert]"),
        ("more time shortened", "input[name=confirmed]"),
        ("refusals", "#main section.panel code"),
        ("the audit log", "#main ul.rows li"),
        ("an own account refused", "#main b"),
    ],
)
def test_a_state_is_what_it_is_called(look: Callable[..., Page], name: str, shown: str) -> None:
    page = look(next(one for one in STATES if one.name == name))
    assert page.locator(shown).count() > 0
