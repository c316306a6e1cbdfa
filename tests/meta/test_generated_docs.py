"""The generated pages are current."""

from __future__ import annotations

import re
import shlex

import pytest
from scripts.docs_pages.errors import ADVICE, error_classes
from scripts.write_docs import DOCS, PAGES

from earmark.config import Settings

SETTINGS = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
TYPED = dict(
    shlex.split(one)[0].split("=", 1) for one in re.findall(r"^\| `(EARMARK_\w+=[^`]*)` \|", SETTINGS, re.MULTILINE)
)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_generated_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_default_of_the_settings_page_can_be_typed_and_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {
        name: value
        for name, value in TYPED.items()
        if not name.startswith(("EARMARK_SERVERS__", "EARMARK_SPEECH_SERVERS__", "EARMARK_OIDC__", "EARMARK_CONFIG"))
    }
    assert len(plain) > 30
    for name, value in plain.items():
        monkeypatch.setenv(name, value)
    typed = Settings().model_dump()
    for name in plain:
        monkeypatch.delenv(name)
    assert typed == Settings().model_dump()


@pytest.mark.parametrize("shown", ["EARMARK_TURN_WAIT_S=60", "EARMARK_LOG_REQUESTS=false", "EARMARK_PORT=8787"])
def test_a_default_stands_as_a_person_types_it(shown: str) -> None:
    assert f"| `{shown}` |" in SETTINGS


@pytest.mark.parametrize("shown", ["`EARMARK_DATABASE_URL` (unset)", "`EARMARK_FALLBACK` (nothing)"])
def test_a_default_that_is_not_there_says_so(shown: str) -> None:
    assert f"| {shown} |" in SETTINGS


def test_the_advice_of_the_errors_page_names_every_code_that_is_raised() -> None:
    assert {kind.code for kind in error_classes()} - set(ADVICE) == set()
