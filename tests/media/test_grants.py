"""Signed grants: valid for one method on one medium until they expire."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ForbiddenError
from earmark.media.errors import LinkExpiredError, LinkInvalidError
from earmark.media.grants import Grant, GrantSigner

GRANT = Grant("PUT", 7, "proj_a", "live", "med_a", "audio/ogg", 12, 1_000)
SIGNER = GrantSigner("s" * 48)
TOKEN = SIGNER.render(GRANT)


def test_a_token_parses_to_its_grant() -> None:
    assert SIGNER.parse(TOKEN, "PUT", "med_a", now_s=999) == GRANT
    open_ended = replace(GRANT, method="GET", size_bytes=None)
    assert SIGNER.parse(SIGNER.render(open_ended), "GET", "med_a", now_s=0) == open_ended


def test_a_token_is_refused_after_its_expiry() -> None:
    with pytest.raises(LinkExpiredError):
        SIGNER.parse(TOKEN, "PUT", "med_a", now_s=1_000)


@pytest.mark.parametrize(
    ("method", "media_id"), [("GET", "med_a"), ("PUT", "med_b"), ("DELETE", "med_a"), ("", "med_a")]
)
def test_a_token_is_refused_for_another_method_or_medium(method: str, media_id: str) -> None:
    with pytest.raises(LinkInvalidError):
        SIGNER.parse(TOKEN, method, media_id, now_s=0)


def test_another_installations_token_is_refused() -> None:
    with pytest.raises(LinkInvalidError):
        SIGNER.parse(GrantSigner("t" * 48).render(GRANT), "PUT", "med_a", now_s=0)


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_an_altered_token_is_refused(at: int, char: str) -> None:
    altered = TOKEN[:at] + char + TOKEN[at + 1 :]
    if altered != TOKEN:
        with pytest.raises(LinkInvalidError):
            SIGNER.parse(altered, "PUT", "med_a", now_s=0)


@given(st.text())
def test_any_text_as_a_token_is_refused(text: str) -> None:
    for token in (text, "up_" + text, text + ".", "up_." + text):
        with pytest.raises(ForbiddenError):
            SIGNER.parse(token, "PUT", "med_a", now_s=0)
