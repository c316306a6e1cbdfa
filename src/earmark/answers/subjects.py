"""Finds whom a question is about: the subject of its verb, and the speaker who stands for a company it names.

"What is Colm worried about?" asks for Colm's own words, not for those of somebody who worries about Colm. "What did
Corvane offer?" is answered by the person who speaks for Corvane in the recording that is called after it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from earmark.llm.types import AnswerRequest, Passage
from earmark.retrieval.index.analysis import terms_of_name

_NAME: Final = r"[^\W\d_a-z][\w'’-]*(?: (?:(?:&|and|und|et|y|de|van|von) )?[^\W\d_a-z][\w'’-]*){0,3}"
_MINDS: Final = (
    r"worr(?:y|ies|ied)|afraid|scared|wants?|wanted|thinks?|thought|says?|said|feels?|felt|needs?|needed|hopes?|hoped|hoping|"
    r"likes?|liked|objects?|objected|proposed?s?|proposing|suggest(?:s|ed)?|offer(?:s|ed|ing)?|promised?s?|prefer(?:s|red)?|"
    r"fears?|feared|expect(?:s|ed|ing)?|means?|meant|complain(?:s|ed|ing)?|(?:un|)happy|angry|upset|proud|nervous|sorry|annoyed|"
    r"plan(?:s|ned|ning)?|ask(?:s|ed|ing)?|tells?|told|recommend(?:s|ed)?|dislikes?|hates?|loves?|enjoys?|believes?|"
    r"warn(?:s|ed)?|admit(?:s|ted)?|demand(?:s|ed)?|refused?s?|claim(?:s|ed)?|answer(?:s|ed)?|mind|looking|owes?|struggl\w+"
)
_SUBJECT: Final = re.compile(
    rf"\b(?:is|was|are|were|am|does|did|do|has|had|have|would|will|can|could|might|(?:is|was|does|did|do)n['’]t) "
    rf"(?P<name>{_NAME}) (?:\w+ ){{0,3}}?(?P<verb>{_MINDS})\b"
)
_REPORT: Final = re.compile(
    rf"(?P<name>[^\W\d_a-z][\w-]*)(?:['’](?:s|d|ll|ve))? "
    rf"(?:(?:is|was|has|had|would|will|did|does|also|really|just|still) ){{0,2}}(?:{_MINDS})\b"
)
_AND: Final = re.compile(r" (?:&|and|und|et|y) ")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose words a question asks for; `start` and `end` are the name's place in its text."""

    name: str
    start: int
    end: int


def subject_of(question: str) -> Subject | None:
    """Return the name before a verb of saying, feeling or wanting, or None; "I" counts as a name."""
    found = _SUBJECT.search(question)
    return None if found is None else Subject(found["name"], *found.span("name"))


def is_by(subject: Subject, passage: Passage) -> bool:
    """Whether the subject speaks: all of the name, or one of the names joined by "and", is the speaker's."""
    spoken = terms_of_name(passage.speaker or "", None)
    return any(terms and terms <= spoken for terms in _names_of(subject))


def reports(subject: Subject, text: str) -> bool:
    """Whether a text says what the subject says, feels or wants: "Colm thinks …", "Samuel's afraid that …"."""
    return any(
        terms_of_name(found["name"], None) & terms_of_name(subject.name, None) for found in _REPORT.finditer(text)
    )


def _names_of(subject: Subject) -> Iterable[frozenset[str]]:
    return (terms_of_name(one, None) for one in (subject.name, *_AND.split(subject.name)))


def name_speakers(request: AnswerRequest) -> AnswerRequest:
    """Replace a company as the subject of a question by the person who speaks for it, if one is identified."""
    subject = subject_of(request.question)
    if subject is None or subject.name == "I" or any(is_by(subject, one) for one in request.passages):
        return request
    speaker = _stands_for(subject, request)
    if speaker is None:
        return request
    question = request.question[: subject.start] + speaker + request.question[subject.end :]
    return replace(request, question=question, standalone=request.standalone.replace(request.question, question))


def _stands_for(subject: Subject, request: AnswerRequest) -> str | None:
    """Return who speaks only in recordings that are called after the subject, and most of all there."""
    terms = terms_of_name(subject.name, None)
    if not terms:
        return None
    inside: Counter[str] = Counter()
    heard: defaultdict[str, set[str]] = defaultdict(set)
    outside: set[str] = set()
    for one in request.passages:
        if not one.speaker:
            continue
        if terms <= terms_of_name(one.recording_name or "", None):
            inside[one.speaker] += 1
            heard[one.speaker].add(one.recording_id)
        else:
            outside.add(one.speaker)
    guests = [name for name in inside if name not in outside and not terms_of_name(name, None) & request.asker]
    return max(guests, key=lambda name: (len(heard[name]), inside[name]), default=None)
