"""What a mentor does while an answer is due: each thing is done and shown once, nothing written is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.harness.chromium import Watch
from tests.harness.held import Held
from tests.harness.state_site import StateSite, state_site

TYPED = "Prefers to be called in the evening."
LONGER_THAN_THE_BAR = 11_000
UNDO = re.compile("^Undo$")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateSite]:
    """One course, small."""
    with state_site(tmp_path_factory.mktemp("slow"), {"many": 30}) as running:
        yield running


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], site: StateSite, watch: Watch) -> Page:
    """Signed in as everybody; no page yet."""
    for code in (409, 422):
        watch.expect(f"status of {code}")
    context = new_context()
    context.add_cookies(site.cookies())  # type: ignore[arg-type]
    return context.new_page()


def open_today(page: Page, site: StateSite) -> list[Locator]:
    """The cards that can be set aside, each by its own name: they stay the same when others go."""
    page.goto(site.address("mentor of many", "/today?all=1"))
    found = page.locator(".card:has([id^=dismiss-])").all()
    return [page.locator(f"#{card.get_attribute('id')}") for card in found]


def open_learner(page: Page, site: StateSite, number: int = 0) -> None:
    """One of those with an open task and with playbooks to choose from."""
    learner = site.courses["many"].learner_ids[number]
    page.goto(site.address("mentor of many", f"/learners/{learner}"))


def note_of(card: Locator) -> Locator:
    return card.locator("form[action$='/notes'] textarea")


def press_later(card: Locator) -> None:
    card.locator("summary", has_text="Later").click()
    card.get_by_role("button", name="When something new happens").click()


def expect_one_page(page: Page) -> None:
    """No page within a page."""
    for name in ("main", "h1"):
        expect(page.locator(name)).to_have_count(1)


def test_several_cards_at_once(page: Page, site: StateSite) -> None:
    first, second, third, fourth = open_today(page, site)[:4]
    held = Held(page)
    third.locator("summary", has_text="Note").click()
    note_of(third).fill(TYPED)
    third.get_by_role("button", name="Keep the note").click()
    press_later(first)
    press_later(second)
    fourth.locator("summary", has_text="Note").click()
    note_of(fourth).click()
    held.let_through()
    expect(page.locator("#undo-bar")).to_contain_text("note")
    expect(note_of(fourth)).to_be_visible()
    expect(note_of(fourth)).to_be_focused()
    held.let_through()
    expect(first).to_have_count(0)
    expect(note_of(fourth)).to_be_focused()
    fourth.locator("summary", has_text="Later").click()
    held.end()
    expect(second).to_have_count(0)
    expect(fourth.locator("summary", has_text="Later")).to_be_focused()
    expect(fourth.locator("button[value=tomorrow]")).to_be_visible()
    expect(third.locator(".private")).to_contain_text(TYPED)
    expect(note_of(third)).to_have_value("")
    expect(page.locator(".unsent")).to_have_count(0)
    expect_one_page(page)
    page.get_by_role("button", name=UNDO).click()
    expect(second).to_be_visible()
    expect(first).to_have_count(0)


def test_words_that_came_back_stay_through_what_is_done_next(page: Page, site: StateSite) -> None:
    """With news that they did not know of, and where the form had been used up."""
    open_today(page, site)
    card = page.locator(".card:has([id^=dismiss-]):has(.why)").first
    for field in card.locator("[name=seen]").all():
        field.evaluate("field => { field.value = '' }")
    card.locator("summary", has_text="Not a problem").click()
    card.locator("textarea[id^=dismiss-]").fill(TYPED)
    card.get_by_role("button", name="Another reason").click()
    expect(page.get_by_text("Nothing was set aside")).to_be_visible()
    page.locator("summary", has_text="Add a task").click()
    form = page.locator("#tasks form:has([id^=new])")
    title, key = form.locator("[name=title]"), form.locator("[name=request_key]")
    used = key.input_value()
    title.fill("One thing")
    page.get_by_role("button", name="Set the task").click()
    expect(page.locator("#undo-bar")).to_be_visible()
    expect(page.locator("textarea[id^=dismiss-]")).to_have_value(TYPED)
    page.locator("summary", has_text="Add a task").click()
    key.evaluate("(field, used) => { field.value = used }", used)
    title.fill("Another thing")
    page.get_by_role("button", name="Set the task").click()
    not_kept = page.get_by_text("What stands below is not kept yet")
    expect(not_kept).to_be_visible()
    chip = page.locator(".chips a", has_text="Contacts")
    chip.click()
    expect(chip).to_have_attribute("aria-current", "true")
    expect(title).to_have_value("Another thing")
    expect(not_kept).to_be_visible()
    expect(page.locator("textarea[id^=dismiss-]")).to_have_value(TYPED)
    expect(page.locator(".unsent")).to_have_count(0)


def test_what_waits_is_sent_when_the_page_is_left(page: Page, site: StateSite) -> None:
    first, second = open_today(page, site)[:2]
    held = Held(page)
    press_later(first)
    press_later(second)
    held.is_over = True  # from here on; what was held is not let through
    page.locator("#nav a").first.click()
    expect_gone(page, first, second)


def test_what_was_written_on_and_pressed_again_is_sent_as_well(page: Page, site: StateSite) -> None:
    """When the page is left, as one more; pressed the same once more, it is still the same."""
    open_learner(page, site, 3)
    note, press = page.locator("#notes textarea"), page.get_by_role("button", name="Keep the note")
    kept, held = page.locator("#notes .note-text"), Held(page)
    before = kept.count()
    note.fill("One.")
    press.click()
    note.fill("One. Two.")
    press.click()
    held.let_through()
    expect(kept).to_have_count(before + 1)
    press.click()
    held.let_through()
    expect(kept).to_have_count(before + 2)
    for words in ("Three.", "Three. Four."):
        note.fill(words)
        press.click()
    held.is_over = True
    page.locator("#nav a").first.click()
    for _ in range(50):
        open_learner(page, site, 3)
        if kept.count() == before + 4:
            break
    expect(kept.filter(has_text=re.compile("Three|Four"))).to_have_count(2)


def expect_gone(page: Page, *cards: Locator) -> None:
    """On Today, opened again until what was sent last has arrived."""
    for _ in range(50):
        page.reload()
        if not any(card.count() for card in cards):
            return
    raise AssertionError("what was under way or waited was not sent")


def test_what_does_not_get_through_is_said_of_each(page: Page, site: StateSite, watch: Watch) -> None:
    for part in ("ERR_INTERNET_DISCONNECTED", "htmx:"):
        watch.expect(part)
    cards = open_today(page, site)[:2]
    page.context.set_offline(True)
    for card in cards:
        press_later(card)
    for card in cards:
        expect(card.get_by_role("alert")).to_contain_text("No answer came")
    page.context.set_offline(False)
    cards[0].get_by_role("button", name="When something new happens").click()
    expect(cards[0]).to_have_count(0)
    expect(cards[1].get_by_role("alert")).to_be_visible()


def test_a_refused_form_leads_back_to_today(page: Page, site: StateSite) -> None:
    """Where what was written on another card stands again, to be sent."""
    first, other = open_today(page, site)[:2]
    other.locator("summary", has_text="Note").click()
    note_of(other).fill(TYPED)
    first.locator("summary", has_text="Not a problem").click()
    first.get_by_role("button", name="Another reason").click()
    expect(page.locator(".field-error").first).to_be_visible()
    expect(page.locator(".unsent textarea")).to_have_value(TYPED)
    page.locator("textarea[id^=dismiss-]").fill("On a field trip.")
    page.get_by_role("button", name="Another reason").click()
    expect(page.locator("#undo-bar")).to_contain_text("Set aside as no problem.")
    expect(page.locator("#nav [aria-current]")).to_have_text("Today")
    expect(first).to_have_count(0)
    expect(page.locator(".unsent")).to_have_count(0)
    expect(note_of(other)).to_have_value(TYPED)
    expect_one_page(page)
    other.get_by_role("button", name="Keep the note").click()
    expect(other.locator(".private")).to_contain_text(TYPED)


def test_an_undo_pressed_at_the_last_moment(page: Page, site: StateSite) -> None:
    page.clock.install()
    open_learner(page, site)
    page.locator("#notes textarea").fill(TYPED)
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#notes .note-text").first).to_contain_text(TYPED)
    held = Held(page)
    page.get_by_role("button", name=UNDO).click()
    page.clock.fast_forward(LONGER_THAN_THE_BAR)
    expect(page.locator("#undo-bar")).to_be_visible()
    held.end()
    expect(page.locator("#undo-bar")).to_contain_text("Taken back.")
    expect(page.locator("#notes")).not_to_contain_text(TYPED)
    expect_one_page(page)


def test_two_playbooks_at_once(page: Page, site: StateSite) -> None:
    open_learner(page, site, 12)
    tasks, use = page.locator("#tasks .task"), page.get_by_role("button", name=re.compile("^Use"))
    before = tasks.count()
    held = Held(page)
    use.nth(0).click()
    use.nth(1).click()
    use.nth(1).click()
    held.let_through()
    expect(tasks).to_have_count(before + 1)
    held.end()
    expect(tasks).to_have_count(before + 2)
    expect(page.locator("#undo-bar")).to_be_focused()
    expect_one_page(page)


def test_a_clash_and_a_note_stay_while_the_history_is_looked_through(page: Page, site: StateSite) -> None:
    open_learner(page, site)
    task = page.locator("#tasks .task").first
    task.locator("summary", has_text="Change").click()
    task.locator("form [name=version]").evaluate("field => { field.value = '77' }")
    task.locator("[id$=-outcome]").fill(TYPED)
    task.get_by_role("button", name="Save", exact=True).click()
    clash = page.locator("#tasks .clash")
    expect(clash.locator(".notice")).to_be_focused()
    page.locator("#notes textarea").fill("Half a")
    chip = page.locator(".chips a", has_text="Contacts")
    chip.click()
    expect(chip).to_have_attribute("aria-current", "true")
    expect(chip).to_be_focused()
    assert page.url.endswith("?show=contact")
    expect(page.locator("#notes textarea")).to_have_value("Half a")
    page.get_by_role("button", name=re.compile("^Use")).first.click()
    expect(page.locator("#undo-bar")).to_be_visible()
    assert page.url.endswith("?show=contact")
    expect(page.locator("#notes textarea")).to_have_value("Half a")
    expect(clash.locator(".notice")).to_contain_text("Nothing was overwritten.")
    expect(clash.locator("table")).to_contain_text(TYPED)
    expect(clash.locator("textarea")).to_have_value(TYPED)
    expect(page.locator(".unsent")).to_have_count(0)
    clash.get_by_role("button", name="Save", exact=True).click()
    expect(clash).to_have_count(0)
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#undo-bar")).to_contain_text("note")
    assert page.url.endswith("?show=contact")


def press_other_reason(page: Page, card: Locator) -> None:
    """Without a word, so that the form comes back on the learner's page."""
    card.locator("summary", has_text="Not a problem").click()
    card.get_by_role("button", name="Another reason").click()
    expect(page.locator(".field-error").first).to_be_visible()


def test_words_about_one_learner_stay_theirs_on_the_page_of_another(page: Page, site: StateSite) -> None:
    """Apart, under the name, until they are sent or their page is there again."""
    first, second = open_today(page, site)[:2]
    name, other = (card.locator("h2 bdi").inner_text() for card in (first, second))
    press_other_reason(page, first)
    page.locator("summary", has_text="Add a task").click()
    page.locator("#tasks [name=title][id^=new]").fill(TYPED)
    page.locator("textarea[id^=dismiss-]").fill("On a field trip.")
    page.get_by_role("button", name="Another reason").click()
    expect(page.locator("#undo-bar")).to_contain_text("Set aside as no problem.")
    press_other_reason(page, second)
    expect(page.locator("h1")).to_have_text(other)
    expect(page.locator("#tasks [name=title][id^=new]")).to_have_value("")
    unsent = page.locator(".unsent")
    expect(unsent.locator("h2")).to_have_text(name)
    unsent.get_by_role("button", name="Set the task").click()
    expect(page.locator("h1")).to_have_text(name)
    expect(page.locator("#tasks .task b", has_text=TYPED)).to_have_count(1)
    expect(unsent).to_have_count(0)


def test_a_part_of_one_page_never_comes_into_another(page: Page, site: StateSite) -> None:
    """Two refused at once: the second answer brings the page of the other, while the first is worked on."""
    first, second = open_today(page, site)[:2]
    name, other = (card.locator("h2 bdi").inner_text() for card in (first, second))
    held = Held(page)
    for card in (first, second):
        card.locator("summary", has_text="Not a problem").click()
        card.get_by_role("button", name="Another reason").click()
    held.let_through()
    expect(page.locator("h1")).to_have_text(name)
    page.get_by_role("button", name=re.compile("^Use")).first.click()
    page.locator("summary", has_text="Add a task").click()
    page.locator("#tasks [name=title][id^=new]").focus()
    held.let_through()
    expect(page.locator("h1")).to_have_text(other)
    expect(page.locator("#tasks [name=title][id^=new]")).not_to_be_focused()
    held.end()
    expect(page.locator("#undo-bar")).to_contain_text("task")
    expect(page.locator("h1")).to_have_text(name)


def test_what_is_written_while_the_answer_is_due(page: Page, site: StateSite) -> None:
    """Pressed again it is one more; not pressed it stays where it was, and so does who writes it."""
    open_learner(page, site)
    note, kept = page.locator("#notes textarea"), page.locator("#notes .note-text")
    press = page.get_by_role("button", name="Keep the note")
    before = kept.count()
    held = Held(page)
    note.fill("First.")
    press.click()
    press.click()
    note.press_sequentially(" Second.")
    press.click()
    note.press_sequentially(" Third")
    held.let_through()
    expect(kept).to_have_count(before + 1)
    expect(note).to_have_value("First. Second. Third")
    expect(note).to_be_focused()
    held.let_through()
    expect(kept).to_have_count(before + 2)
    expect(kept.first).to_contain_text("First. Second.")
    expect(note).to_have_value("First. Second. Third")
    expect(note).to_be_focused()
    page.keyboard.type(" and more")
    held.end()
    press.click()
    expect(kept.first).to_contain_text("First. Second. Third and more")
    expect(note).to_have_value("")


def test_a_task_that_is_saved_and_ended_at_once_is_nobodys_clash(page: Page, site: StateSite) -> None:
    """And what is looked through in the history leaves the bar where it is, with its undo."""
    open_learner(page, site, 12)
    task = page.locator("#tasks .task").first
    title = task.locator("b").first.inner_text()
    held = Held(page)
    task.locator("summary", has_text="Change").click()
    task.locator("[id$=-outcome]").fill(TYPED)
    task.get_by_role("button", name="Save", exact=True).click()
    page.locator("#tasks .do-small button", has_text="Done").first.click()
    held.end()
    expect(page.locator("#tasks .task b", has_text=title)).to_have_count(0)
    expect(page.locator(".clash")).to_have_count(0)
    chip = page.locator(".chips a", has_text="Tasks")
    chip.click()
    expect(chip).to_be_focused()
    expect(chip).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name=UNDO).click()
    expect(page.locator("#undo-bar")).to_contain_text("Taken back.")
    expect(page.locator("#tasks .task b", has_text=title)).to_have_count(1)
    assert page.url.endswith("?show=task")


def test_a_refusal_or_a_failure_leaves_who_writes_elsewhere(
    page: Page, site: StateSite, watch: Watch
) -> None:
    for part in ("ERR_", "htmx:"):
        watch.expect(part)
    open_learner(page, site)
    task = page.locator("#tasks .task").first
    held = Held(page)
    task.locator("summary", has_text="Change").click()
    task.locator("form [name=version]").evaluate("field => { field.value = '77' }")
    task.locator("[id$=-outcome]").fill(TYPED)
    task.get_by_role("button", name="Save", exact=True).click()
    page.locator("#tasks .do-small button", has_text="Done").last.click()
    page.locator("#notes textarea").click()
    page.keyboard.type("Half")
    held.let_through()
    expect(page.locator("#tasks .clash .notice")).to_be_visible()
    page.keyboard.type(" a ")
    held.let_through(lost=True)
    expect(page.locator("#tasks").get_by_role("alert").filter(has_text="No answer came")).to_be_visible()
    page.keyboard.type("sentence")
    expect(page.locator("#notes textarea")).to_have_value("Half a sentence")
    page.get_by_role("link", name="Let mine go").click()
    expect(page.locator(".clash")).to_have_count(0)
    expect(page.locator(".unsent")).to_have_count(0)
    expect(page.locator("#notes textarea")).to_have_value("Half a sentence")
