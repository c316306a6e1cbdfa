"""Streamed answers of a language model: following, stopping, reloading, regenerating."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from earmark.identity.keys import list_keys, revoke_key
from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from tests.console.conftest import BOARD, DEALERS, Library, Visitor, elsewhere, new_library
from tests.console.model import WAIT, Model, speaking_model
from tests.server import Place, new_bound_key, running

QUESTION = "When did we move the launch?"


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with speaking_model() as one:
        yield one


@pytest.fixture(scope="module")
def talked(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library on a server that uses the scripted model."""
    settings = {
        "EARMARK_SERVERS__SCRIPTED__BASE_URL": model.base_url,
        "EARMARK_SERVERS__SCRIPTED__MODEL": "scripted-1",
        "EARMARK_DEFAULT_PROVIDER": "scripted",
        "EARMARK_MODEL_RETRY_S": "0",
    }
    with running(Place(tmp_path_factory.mktemp("talked") / "earmark"), **settings) as server:
        library = new_library(server)
        library.record("Board call", BOARD)
        library.record("Call with Hanneke", DEALERS)
        yield library
        library.api.close()


def _open(visitor: Visitor, library: Library, path: str = "/ask") -> Page:
    return visitor.open(path, key=library.key, base_url=library.server.base_url)


def _ask(page: Page, question: str = QUESTION) -> None:
    page.get_by_role("textbox", name="Question").fill(question)
    page.keyboard.press("Enter")


def test_text_appears_while_the_model_is_still_answering(visitor: Visitor, talked: Library, model: Model) -> None:
    model.will_say("It **moved** to ", "the fourteenth", " of July [2].", WAIT, " And the price stays.")
    page = _open(visitor, talked)
    _ask(page)
    expect(page.locator(".answer-body")).to_contain_text("the fourteenth of July")
    expect(page.locator(".answer-body strong")).to_have_text("moved")
    expect(page.locator(".citation")).to_have_count(1)
    expect(page.get_by_role("complementary", name="Sources")).to_be_visible()
    expect(page.get_by_role("button", name="Stop answering")).to_be_visible()
    expect(page.locator("session-list a.session").first).to_contain_text(QUESTION)
    model.go_on()
    expect(page.locator(".answer-body")).to_contain_text("And the price stays.")
    expect(page.get_by_role("button", name="Send question")).to_be_visible()
    expect(page.locator(".answer-by")).to_have_text("scripted-1")


def test_stop_stores_the_partial_answer(visitor: Visitor, talked: Library, model: Model) -> None:
    model.will_say("It moved to July.", " Now comes", WAIT, " more that nobody wants.")
    page = _open(visitor, talked)
    _ask(page)
    expect(page.locator(".answer-body")).to_contain_text("It moved to July.")
    page.get_by_role("button", name="Stop answering").click()
    expect(page.locator(".answer-note")).to_have_text("Stopped.")
    expect(page.locator(".answer-body")).not_to_contain_text("nobody wants")
    model.go_on()
    page.reload()
    expect(page.locator(".answer-body")).to_contain_text("It moved to July.")
    expect(page.locator(".answer-note")).to_have_text("Stopped.")


def test_a_running_answer_continues_after_reloading_the_page(visitor: Visitor, talked: Library, model: Model) -> None:
    model.will_say("First half,", WAIT, " second half [1].")
    page = _open(visitor, talked)
    _ask(page)
    expect(page.locator(".answer-body")).to_contain_text("First half")
    page.reload()
    expect(page.locator(".answer-body")).to_contain_text("First half")
    expect(page.get_by_role("button", name="Stop answering")).to_be_visible()
    model.go_on()
    expect(page.locator(".answer-body")).to_contain_text("second half")
    expect(page.locator(".question")).to_have_count(1)


def test_a_lost_stream_is_resumed_where_it_ended(visitor: Visitor, talked: Library, model: Model) -> None:
    model.will_say("Before the break,", WAIT, " after it.")
    page = _open(visitor, talked)
    _ask(page)
    expect(page.locator(".answer-body")).to_contain_text("Before the break")
    page.context.set_offline(True)
    page.wait_for_timeout(200)
    page.context.set_offline(False)
    model.go_on()
    expect(page.locator(".answer-body")).to_have_text("Before the break, after it.")


def test_a_failed_model_is_named_and_can_be_asked_again(visitor: Visitor, talked: Library, model: Model) -> None:
    model.is_failing = True
    page = _open(visitor, talked)
    _ask(page)
    expect(page.get_by_role("alert")).to_contain_text("The model didn't answer.")
    expect(page.locator(".question")).to_have_text(f"You asked{QUESTION}")
    expect(page.get_by_role("button", name="Try again")).to_be_in_viewport()
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("The model didn't answer.")
    model.will_say("Now it does [1].")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".answer-body")).to_contain_text("Now it does")
    expect(page.locator(".question")).to_have_count(1)


def test_a_regenerated_answer_replaces_the_previous_one(visitor: Visitor, talked: Library, model: Model) -> None:
    model.will_say("One [1].")
    page = _open(visitor, talked)
    _ask(page)
    expect(page.locator(".answer-body")).to_contain_text("One")
    model.will_say("Another [2].")
    page.get_by_role("button", name="Answer again").click()
    expect(page.locator("answer-view")).to_have_count(1)
    expect(page.locator(".answer-body")).to_contain_text("Another")


def test_suggested_questions_are_shown_and_asked_by_a_click(visitor: Visitor, talked: Library, model: Model) -> None:
    model.will_say("To July [1].")
    page = _open(visitor, talked)
    _ask(page)
    offer = page.locator(".tail .suggestion").first
    expect(offer).to_be_visible()
    text = offer.inner_text()
    model.will_say("And so on [1].")
    offer.click()
    expect(page.locator(".question").last).to_contain_text(text)
    expect(page.locator("answer-view").last).to_contain_text("And so on")


def test_tokens_of_each_model_are_drawn_in_the_overview(visitor: Visitor, talked: Library, model: Model) -> None:
    model.will_say("To July [1].")
    talked.session(question=QUESTION)
    page = _open(visitor, talked, "/overview")
    expect(page.locator(".figures")).to_contain_text("Answers in 30 days")
    expect(page.get_by_role("img", name="Questions per day")).to_be_visible()
    expect(page.locator(".chart-rows")).to_contain_text("scripted · scripted-1")


def test_another_chat_is_not_affected_by_a_running_answer(visitor: Visitor, talked: Library, model: Model) -> None:
    model.will_say("Other.")
    other = talked.session(question="Anything else?", title="Elsewhere")["session_id"]
    model.will_say("Begun,", WAIT, " and done [1].")
    page = _open(visitor, talked)
    _ask(page)
    expect(page.locator(".answer-body")).to_contain_text("Begun")
    page.get_by_role("link", name="Elsewhere").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Elsewhere")
    model.go_on()
    expect(page.locator("session-list .session-title").first).to_have_text(QUESTION)
    page.wait_for_timeout(300)
    expect(page.locator(".answer-body")).to_have_text("Other.")
    assert page.url.endswith(other)
    page.get_by_role("link", name=QUESTION).first.click()
    expect(page.locator(".answer-body")).to_contain_text("and done")


def test_a_finished_answer_does_not_change_another_views_url(visitor: Visitor, talked: Library, model: Model) -> None:
    model.will_say(WAIT, "Late [1].")
    page = _open(visitor, talked)
    _ask(page)
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    model.go_on()
    expect(page.locator("session-list .session-title").first).to_have_text(QUESTION)
    page.wait_for_timeout(300)
    assert page.url.endswith("/overview")


def test_a_chat_that_was_left_does_not_change_the_url_while_the_next_view_is_fetched(
    visitor: Visitor, talked: Library, model: Model
) -> None:
    model.will_say(WAIT, "Late [1].")
    page = _open(visitor, talked)
    scripts: list[Route] = []
    page.route("**/later.js*", lambda route: scripts.append(route))
    page.get_by_role("textbox", name="Question").fill(QUESTION)
    with page.expect_response("**/v1/ask/sessions", timeout=15_000):
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Overview").click()
    expect(page.locator("main > .loading")).to_be_visible()
    model.go_on()
    expect(page.locator("session-list .session-title").first).to_have_text(QUESTION)
    assert page.url.endswith("/overview")
    scripts.pop().continue_()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_the_next_question_can_be_typed_during_an_answer(visitor: Visitor, talked: Library, model: Model) -> None:
    model.will_say("One,", WAIT, " two.")
    page = _open(visitor, talked)
    _ask(page)
    expect(page.locator(".answer-body")).to_contain_text("One")
    box = page.get_by_role("textbox", name="Question")
    box.fill("And then?")
    model.go_on()
    expect(page.locator(".answer-body")).to_contain_text("two")
    expect(box).to_have_value("And then?")
    page.reload()
    expect(box).to_have_value("And then?")


def test_a_key_revoked_during_an_answer_leads_to_sign_in(visitor: Visitor, talked: Library, model: Model) -> None:
    place = talked.server.place
    key = elsewhere(lambda: new_bound_key(place, talked.project_id, talked.end_user_id, label="short"))
    model.will_say("As long as it lasts,", WAIT, " no longer.")
    page = visitor.open("/ask", key=key, base_url=talked.server.base_url)
    _ask(page)
    expect(page.locator(".answer-body")).to_contain_text("As long as it lasts")

    async def revoke(runtime: Runtime) -> None:
        tenant = await get_tenant(runtime.operator, talked.project_id, "live")
        for one in await list_keys(tenant):
            if one.label == "short":
                await revoke_key(tenant, one.id)

    elsewhere(lambda: place.run(revoke))
    expect(page.get_by_role("alert")).to_contain_text("Your key has expired or was revoked")
    model.go_on()
