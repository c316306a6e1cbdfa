"""The real reader with the real encoder's weights."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

import earmark.answers.reader as module
from earmark.answers.reader import Reader, merged_weights
from earmark.answers.reader_input import MOST_TOKENS, encode_windows
from earmark.answers.windows import windows_of
from earmark.retrieval.embedding.embedders import open_tokenizer, read_encoder_weights
from tests.answers.talk import hit, passages, request

CHANGES = Path(module.__file__).with_name("reader.npz")
TALK = passages(
    ("Ada", "Let's begin with the boiler, then the roof."),
    ("Bo", "How much did the plumber want for the boiler?"),
    ("Ada", "He asked for nine hundred euros, parts included."),
    ("Cy", "I had soup for lunch and it rained into my shoes."),
)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def test_a_reply_scores_higher_than_small_talk(reader: Reader) -> None:
    windows = windows_of(request("What does the plumber charge for the boiler?", [hit(TALK, 0, 3)], TALK))
    (odds,) = reader.read("What does the plumber charge for the boiler?", windows)
    by_text = {one.text: value for one, value in zip(windows[0].sentences, odds)}
    assert max(by_text, key=lambda text: by_text[text]) == "He asked for nine hundred euros, parts included."
    assert by_text[TALK[3].text] < by_text[TALK[2].text] - 2


def test_windows_get_the_same_odds_alone_or_in_a_batch(reader: Reader) -> None:
    question = "Who is it about?"
    windows = windows_of(request(question, [hit(TALK, 0, 1), hit(TALK, 2, 3), hit(TALK, 1, 1)], TALK))
    together = reader.read(question, windows)
    alone = [reader.read(question, [one])[0] for one in windows]
    for first, second in zip(together, alone):
        assert first == pytest.approx(second, abs=0.35)  # activations are rounded to 8 bits, each batch on its own


def test_a_sentence_that_does_not_fit_is_unlikely_and_not_an_error(reader: Reader) -> None:
    talk = passages(("Ada", "word " * 2_000), ("Bo", "The end."))
    windows = windows_of(request("Why? " * 500, [hit(talk, 0, 1)], talk))
    for window, odds in zip(windows, reader.read("Why? " * 500, windows)):
        assert len(odds) == len(window.sentences)
        assert all(np.isfinite(odds))


def test_inputs_have_a_token_limit_and_consecutive_spans() -> None:
    talk = passages(
        *(("Ada" if n % 2 else "Bo", f"This is what number {n} has to say, and more. Yes.") for n in range(9))
    )
    windows = windows_of(request("What is it?", [hit(talk, 0, 8)], talk))
    for window, read in zip(windows, encode_windows(open_tokenizer(), "What?", [one.sentences for one in windows])):
        assert len(read.ids) <= MOST_TOKENS
        assert len(read.spans) == len(window.sentences)
        assert read.spans[0][0] == read.question_size
        assert all(last == start for (_, last), (start, _) in zip(read.spans, read.spans[1:]))


def test_merged_weights_are_the_encoders_plus_the_updates_rounded() -> None:
    changes = CHANGES.read_bytes()
    with np.load(io.BytesIO(changes), allow_pickle=False) as file:
        name = "encoder.layer.3.intermediate.dense"
        wanted = read_encoder_weights()[f"{name}.weight"] + file[f"{name}.up"].astype(np.float32) @ file[
            f"{name}.down"
        ].astype(np.float32)
    merged = merged_weights(changes)
    found = merged[f"{name}.weight_int8"].astype(np.float32) * merged[f"{name}.weight_scale"]
    assert np.abs(found.T - wanted).max() <= merged[f"{name}.weight_scale"].max() / 2 + 1e-6


def test_the_shipped_files_are_small() -> None:
    assert sum(CHANGES.with_name(name).stat().st_size for name in ("reader.npz", "reader.onnx", "weights.npz")) < 4e6
