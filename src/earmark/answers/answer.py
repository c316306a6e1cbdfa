"""Composes an answer from the evidence: what is quoted, and whether it answers.

1. The question is classified (`question_kinds.py`). Decisions, promises, open questions and summaries as such are found
   in whole transcripts (`findings.py`, `summary.py`); everything else in windows around the retrieved chunks.
2. Every sentence of the windows is scored (`scoring.py`), with the reader if question and transcript are English.
3. All scores together decide whether anything answers: yes, perhaps, hardly, or no (off topic, or not said).
4. The exchange around the best sentence is quoted, and further ones where worthwhile (`selection.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from earmark.answers.attendance import first_words
from earmark.answers.features import SentenceEmbedder
from earmark.answers.findings import SURE_ENOUGH, Finding, find_decisions, find_open_questions, find_promises
from earmark.answers.languages import ENGLISH, language_of_question, languages_of, name_of
from earmark.answers.naming import terms_of_recording
from earmark.answers.question_kinds import Asked, Kind, holds, read_question
from earmark.answers.scoring import SentenceReader, score_sentences
from earmark.answers.selection import Run, Selection, select_runs
from earmark.answers.sentences import Sentence, words_in
from earmark.answers.subjects import name_speakers, subject_of
from earmark.answers.summary import summarise
from earmark.answers.talks import Talk, talks_of
from earmark.answers.verdict import Verdict, judge_evidence
from earmark.answers.windows import MOST_WINDOWS, Stretches, Window, windows_of
from earmark.llm.types import Answered, AnswerRequest, Passage
from earmark.retrieval.index.analysis import analyze, analyze_query, terms_of_name

NOTHING_FOUND: Final = "Nothing in these recordings answers that."
_NOTHING_OF: Final = {
    Kind.DECIDED: "Nothing in these recordings sounds like a decision.",
    Kind.PROMISED: "Nobody promises anything in these recordings.",
    Kind.OPEN: "Nothing in these recordings sounds as if it was left open.",
}
_FINDINGS_WORDS: Final = 120
_FINDINGS_MOST: Final = 6
_FIRST_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """The built-in model's answer. `lead` is a separate sentence before the quotations, or instead of them.

    `latest` is the newest quoted recording, set where the question asks for the current state.
    """

    answered: Answered
    lead: str = ""
    runs: tuple[Run, ...] = ()
    key: Sentence | None = None
    latest: str | None = None


def compose_answer(
    request: AnswerRequest, reader: SentenceReader | None = None, embedder: SentenceEmbedder | None = None
) -> Answer:
    """Answer a question from its evidence, with the speakers' own words."""
    request = name_speakers(request)
    asked = read_question(request.question)
    if asked.kind is Kind.OTHER and request.standalone != request.question:
        asked = read_question(request.standalone)
    if asked.is_about_all and request.whole and not _is_topic(request, asked):
        found = _from_transcripts(request, asked)
        if found.answered == "yes" or not asked.subject:
            return found
        read = _from_windows(request, asked, reader, embedder)  # phrased in a way that no cue matches
        return read if reader is not None and read.answered == "yes" else found
    return _from_windows(request, asked, reader, embedder)


def _is_topic(request: AnswerRequest, asked: Asked) -> bool:
    """Whether a question about one whole transcript is about a topic in it."""
    if asked.subject and asked.is_about_something:  # "about the price", where a talk is called "price and date"
        return True
    whole = [one for one in request.passages if one.recording_id in request.whole]
    called = {term for one in whole for term in _terms_of(one)}
    return not asked.subject <= called | asked.people_among(whole)


# ---- whole transcripts ------------------------------------------------------------------------------


def _from_transcripts(request: AnswerRequest, asked: Asked) -> Answer:
    talks = talks_of(one for one in request.passages if one.recording_id in request.whole)
    if asked.kind is Kind.SUMMARY:
        summary = summarise(talks)
        return Answer("yes", "", tuple(Run(list(one)) for one in summary)) if summary else Answer("no", NOTHING_FOUND)
    if asked.kind is Kind.ATTENDED:
        spoken = first_words(asked, talks)
        return Answer("yes", "", tuple(map(Run, spoken))) if spoken else Answer("no", NOTHING_FOUND)
    found = _by_whom(request, asked, _findings(asked.kind, talks))
    chosen = _shortest_enough(found)
    if not chosen:
        return Answer("no", _NOTHING_OF[asked.kind])
    return Answer("yes", "", tuple(Run(list(one.sentences)) for one in chosen), chosen[0].key)


def _findings(kind: Kind, talks: Sequence[Talk]) -> list[Finding]:
    """Return findings of a kind: newest recording first, within each the best supported first."""
    if kind is Kind.DECIDED:
        found = [find_decisions(talk) for talk in talks]
    elif kind is Kind.PROMISED:
        found = [find_promises(talk) for talk in talks]
    else:
        decided = [find_decisions(talk) for talk in talks]
        found = [
            find_open_questions(talk, [one for later in decided[:at] for one in later]) for at, talk in enumerate(talks)
        ]
    return [one for group in found for one in group if one.score >= SURE_ENOUGH]


def _by_whom(request: AnswerRequest, asked: Asked, found: Sequence[Finding]) -> list[Finding]:
    """Filter findings by the speakers the question names; "I" is the owner of the recordings.

    "What did I promise Bo?" names who promises, and in whose presence.
    """
    subject = subject_of(asked.text)
    is_mine = subject is not None and subject.name == "I"
    who = request.asker if is_mine else terms_of_name(subject.name, None) if subject else None
    terms = {term for concept in analyze_query(asked.text).concepts for term in concept.terms}
    speakers = {one.speaker for one in request.passages if one.speaker}
    named = {name for name in speakers if terms_of_name(name, None) & terms}
    promising = {name for name in speakers if who and terms_of_name(name, None) & who}
    if promising:
        present = _recordings_with(named - promising, request)
        return [one for one in found if one.speaker in promising and one.key.passage.recording_id in present]
    if not named and {"i", "my", "ich"} & set(asked.text.casefold().replace("?", " ").split()):
        named = {name for name in speakers if terms_of_name(name, None) & request.asker}
    return [one for one in found if not named or one.speaker in named]


def _recordings_with(names: AbstractSet[str], request: AnswerRequest) -> set[str]:
    """Return the recordings in which all of these people speak."""
    speakers: defaultdict[str, set[str]] = defaultdict(set)
    for one in request.passages:
        speakers[one.recording_id].add(one.speaker or "")
    return {recording for recording, spoken in speakers.items() if names <= spoken}


def _shortest_enough(found: Sequence[Finding]) -> list[Finding]:
    """Limit findings by number and words; at most three a recording while there are others."""
    chosen: list[Finding] = []
    words = 0
    for one in found:
        size = words_in(one.sentences)
        of_it = sum(other.key.passage.recording_id == one.key.passage.recording_id for other in chosen)
        if of_it >= 3 and any(other.key.passage.recording_id != one.key.passage.recording_id for other in found):
            continue
        if len(chosen) == _FINDINGS_MOST or (chosen and words + size > _FINDINGS_WORDS):
            break
        chosen.append(one)
        words += size
    return chosen


# ---- windows ----------------------------------------------------------------------------------------


def _from_windows(
    request: AnswerRequest, asked: Asked, reader: SentenceReader | None, embedder: SentenceEmbedder | None
) -> Answer:
    windows = windows_of(request)
    if not windows:
        return Answer("no", NOTHING_FOUND)
    spoken = languages_of(_texts_by_recording(windows))
    language = language_of_question(request.question) or (spoken[0] if spoken else ENGLISH)
    is_read = reader is not None and language == ENGLISH and (not spoken or ENGLISH in spoken)
    scores = score_sentences(request, asked, windows, reader if is_read else None, embedder)
    first = _first_mention(asked, windows) if Kind.FIRST in asked.kinds else None
    verdict = Verdict.ANSWERED if first else judge_evidence(scores, is_read=is_read, is_all=len(windows) < MOST_WINDOWS)
    if verdict is Verdict.OFF_TOPIC:
        return Answer("no", _nothing_said(language, spoken))
    if verdict is Verdict.NOT_SAID:
        return Answer("no", f"These recordings come near it, but nobody says {asked.missing}.")
    is_brief, talk = verdict is Verdict.NEAR, Stretches(request.passages)
    selection = select_runs(asked, talk, scores.likely, scores.sentences, key=first, is_brief=is_brief)
    if selection.key is None:
        return Answer("no", NOTHING_FOUND)
    runs = _in_order(selection.runs)
    if verdict in (Verdict.DOUBTFUL, Verdict.NEAR):
        lacks = "may not say" if _may_say(asked, verdict, runs) else "doesn’t say"
        return Answer("partly", f"Closest moment, but it {lacks} {asked.missing}:\n", runs, selection.key)
    return Answer("yes", "", runs, selection.key, _latest(asked, selection, runs))


def _may_say(asked: Asked, verdict: Verdict, runs: Sequence[Run]) -> bool:
    """Whether a doubtful quotation may answer: it has a time, number, person or reason, where one is asked for."""
    if asked.kind in (Kind.WHEN, Kind.HOW_LONG, Kind.HOW_MUCH, Kind.WHO, Kind.WHY):
        return any(holds(asked.kind, one.text) for run in runs for one in run.sentences)
    return verdict is Verdict.DOUBTFUL


def _texts_by_recording(windows: Sequence[Window]) -> list[str]:
    """Join the text read per recording: a few words alone often don't tell the language."""
    said = (one.passage for window in windows for one in window.sentences)
    passages = {(one.recording_id, one.ordinal): one.text for one in said}
    texts: dict[str, list[str]] = {}
    for (recording_id, _), text in passages.items():
        texts.setdefault(recording_id, []).append(text)
    return [" ".join(one) for one in texts.values()]


def _nothing_said(language: str, spoken: Sequence[str]) -> str:
    if not spoken or language in spoken:
        return NOTHING_FOUND
    names = " and ".join(map(name_of, spoken[:3]))
    return (
        f"Nothing in these recordings answers that. They are in {names} and the question is in {name_of(language)}: "
        f"asked in {name_of(spoken[0])}, more may be found."
    )


def _first_mention(asked: Asked, windows: Sequence[Window]) -> Sentence | None:
    """Return the earliest sentence that contains most of the question's words."""
    wanted = [concept for concept in analyze_query(asked.text).concepts if concept.word not in _OF_FIRST]
    if not wanted:
        return None
    said = [
        (one, sum(not set(concept.terms).isdisjoint(analyze(one.text, None)) for concept in wanted) / len(wanted))
        for window in windows
        for one in window.sentences
    ]
    best = max((share for _, share in said), default=0.0)
    if best < _FIRST_SHARE:
        return None
    found = [one for one, share in said if share >= max(_FIRST_SHARE, 0.75 * best)]
    return min(found, key=lambda one: (one.passage.recorded_us or 0, one.passage.start_ms, one.position))


_OF_FIRST: Final = frozenset(
    "first come came up mention mentioned talk talked hear heard raise raised bring brought speak spoke discuss "
    "discussed time zuerst ersten mal".split()
)


def _in_order(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Sort by recording, earliest first, then by time."""
    return tuple(sorted(runs, key=lambda run: (_recorded(run), run.sentences[0].passage.recording_id, _start(run))))


def _recorded(run: Run) -> int:
    return run.sentences[0].passage.recorded_us or 0


def _start(run: Run) -> tuple[int, int]:
    return run.sentences[0].passage.ordinal, run.sentences[0].position


def _latest(asked: Asked, selection: Selection, runs: Sequence[Run]) -> str | None:
    """Return the newest quoted recording if the question asks for the current state."""
    assert selection.key is not None
    if not asked.wants_latest or len({run.sentences[0].passage.recording_id for run in runs}) < 2:
        return None
    newest = max(runs, key=_recorded).sentences[0].passage.recording_id
    return newest if newest == selection.key.passage.recording_id else None


def _terms_of(one: Passage) -> frozenset[str]:
    return terms_of_recording(one.recording_name, one.recorded_us, one.recorded_offset_min)
