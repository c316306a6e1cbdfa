"""The models that answer: listed, tried, and chosen for one chat."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import BOARD, Library, Visitor, new_library
from tests.console.model import Model, speaking_model
from tests.console.test_access import axe
from tests.llm.listeners import listening, openai_list
from tests.server import Place, running


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with speaking_model() as one:
        yield one


@pytest.fixture(scope="module")
def offered(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library on a server with a scripted model beside the built-in one, and Ollama on its machine."""
    with listening(openai_list("llama3.2")) as ollama:
        settings = {
            "EARMARK_SERVERS__SCRIPTED__BASE_URL": model.base_url,
            "EARMARK_SERVERS__SCRIPTED__MODEL": "scripted-1",
            "EARMARK_MODEL_RETRY_S": "0",
            "EARMARK_MODEL_PORTS": json.dumps({"ollama": ollama.port}),
        }
        with running(Place(tmp_path_factory.mktemp("offered") / "earmark"), **settings) as server:
            library = new_library(server)
            library.record("Board call", BOARD)
            yield library
            library.api.close()


def _open(visitor: Visitor, library: Library, path: str) -> Page:
    return visitor.open(path, key=library.key, base_url=library.server.base_url)


def _ask(page: Page, question: str) -> None:
    page.get_by_role("textbox", name="Question").fill(question)
    page.keyboard.press("Enter")


def test_a_model_is_chosen_for_one_chat(visitor: Visitor, offered: Library, model: Model) -> None:
    page = _open(visitor, offered, "/ask")
    choice = page.get_by_role("combobox", name="Which model answers")
    choice.select_option(label="scripted-1 (scripted)")
    model.will_say("In July, says the scripted one.")
    _ask(page, "When did we move the launch?")
    expect(page.locator("answer-view")).to_contain_text("says the scripted one")
    expect(page.locator(".answer-foot .answer-by")).to_have_text("scripted-1")
    _ask(page, "And why?")
    expect(page.locator(".answer-foot .answer-by")).to_have_text(["scripted-1", "scripted-1"])
    page.reload()
    expect(choice).to_have_value("scripted")
    page.get_by_role("link", name="New chat").click()
    expect(choice).to_have_value("")
    _ask(page, "When did we move the launch?")
    expect(page.locator("answer-view")).to_contain_text("fourteenth of July")


def test_a_person_is_told_that_the_built_in_model_answers_because_none_is_configured(
    visitor: Visitor, ines: Library
) -> None:
    page = visitor.open("/settings/models", key=ines.own_key())
    expect(page.locator(".model-reason")).to_contain_text("answers, because no language model is configured")


def test_owners_try_models_and_see_how_to_add_one(visitor: Visitor, offered: Library, model: Model) -> None:
    page = _open(visitor, offered, "/settings/models")
    rows = page.locator("model-settings .rows > li")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("(built in)")
    expect(rows.first).to_contain_text("default")
    expect(page.locator(".model-reason")).to_contain_text(
        "(built in) answers, because the setting EARMARK_DEFAULT_PROVIDER names no other model."
    )
    model.will_say("Hello.")
    page.get_by_role("button", name="Test scripted-1").click()
    expect(rows.last).to_contain_text("Answered in")
    model.is_failing = True
    page.get_by_role("button", name="Test scripted-1").click()
    expect(rows.last.locator(".upload-problem")).to_be_visible()
    expect(page.locator("model-settings")).to_contain_text("Ollama runs on the server's machine")
    expect(page.locator("model-settings pre")).to_have_text("earmark models use ollama/llama3.2")
    assert axe(page) == []


def test_where_there_is_no_choice_none_is_shown(visitor: Visitor, ines: Library) -> None:
    page = visitor.open("/ask", key=ines.key)
    expect(page.get_by_role("textbox", name="Question")).to_be_visible()
    expect(page.locator(".model-choice")).to_have_count(0)
