"""The page of a shared link, in pieces: HTML with everything in it, for people without an account.

Its style and its script are named by their digests in the policy; everything people said is escaped text.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from earmark.api.wire.shared_words import Words
from earmark.ask.types import CitationPart, Message
from earmark.clock import local_day, render_offset, render_time
from earmark.library.types import Recording
from earmark.sharing.opening import SharedChat, SharedMessages, SharedRecording
from earmark.sharing.types import Share
from earmark.transcripts.types import Segment

_STYLE: Final = """
:root { color-scheme: light dark; --ink: light-dark(#1d1a16, #ede8e0); --soft: light-dark(#665f55, #a69d91);
  --line: light-dark(#e4ddd1, #332e29); --accent: light-dark(#a1391b, #f2936f) }
body { max-width: 42rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; background: light-dark(#faf8f4, #171513);
  color: var(--ink); font: 16px/1.6 system-ui, sans-serif }
h1 { font-size: 1.35rem; line-height: 1.25; margin: 0 0 .25rem }
h2 { font-size: .85rem; color: var(--soft); margin: 1.6rem 0 .2rem; font-weight: 600 }
p { margin: .3rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
header p, footer, .at { color: var(--soft); font-size: .85rem }
audio { width: 100%; margin: 1rem 0; position: sticky; top: 0 }
.line { display: grid; grid-template-columns: 4.2rem 1fr; gap: .2rem .6rem; padding: .25rem 0 }
.at { font-variant-numeric: tabular-nums; text-decoration: none }
button.at { all: unset; cursor: pointer; color: var(--accent); font-size: .85rem; font-variant-numeric: tabular-nums }
button.at:focus-visible { outline: 2px solid var(--accent); border-radius: 4px }
.who { font-weight: 600 }
.question { border-left: 3px solid var(--accent); padding-left: .8rem; margin-top: 1.6rem; font-weight: 600 }
cite { color: var(--soft); font-size: .85rem; font-style: normal }
footer { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: .8rem }
"""
_SCRIPT: Final = """
for (const one of document.querySelectorAll("button[data-at]")) one.addEventListener("click", () => {
  const player = document.querySelector("audio");
  player.currentTime = one.dataset.at / 1000;
  player.play();
});
"""


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


_CITED_INSIDE: Final = re.compile(r"((?: <cite>[^<]{0,400}</cite>)+)”")
"""Citations before a closing quotation mark, behind which they are shown."""
PAGE_HEADERS: Final = (
    (b"content-type", b"text/html; charset=utf-8"),
    (
        b"content-security-policy",
        f"default-src 'none'; style-src {_digest(_STYLE)}; script-src {_digest(_SCRIPT)}; media-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'".encode(),
    ),
    (b"cache-control", b"no-store"),
    (b"vary", b"accept-language"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


def gone_page(words: Words) -> bytes:
    """Return the page of a link that is not valid, or no longer."""
    title = words.gone_title
    return f"{_begin(title, words)}<h1>{title}</h1><p>{words.gone}</p>{_END}".encode()


def head_of(share: Share, shown: SharedChat | SharedRecording, audio_path: str | None, words: Words) -> str:
    """Return the beginning of a link's page, up to what was said."""
    if isinstance(shown, SharedChat):
        return f"{_begin(shown.title, words)}<header><h1>{escape(shown.title)}</h1><p>{words.chat}</p></header>"
    recording, name = shown.recording, _name(shown.recording, words)
    facts = [] if recording.recorded_us is None else [local_day(recording.recorded_us, recording.recorded_offset_min)]
    if share.start_ms is not None and share.end_ms is not None:
        part = {"from": render_offset(share.start_ms), "to": render_offset(share.end_ms)}
        facts.append(words.part.format_map(part))
    head = f"<header><h1>{escape(name)}</h1><p>{escape(' · '.join(facts))}</p></header>"
    player = "" if audio_path is None else f"<audio controls preload=none src='{escape(audio_path)}'></audio>"
    return _begin(name, words) + head + player


def foot_of(share: Share, words: Words) -> str:
    """Return the end of a link's page."""
    until = render_time(share.expires_us)
    time = f"<time datetime={until}>{until[:10]}</time>"
    return f"<footer>{words.until.format(time=time)}</footer>{_END}"


def messages_of(shown: SharedMessages, words: Words) -> str:
    """Return some messages of a shared chat."""
    return "".join(_message(shown, one, words) for one in shown.messages)


def lines_of(segments: Sequence[Segment], share: Share, before: str | None, words: Words) -> str:
    """Return some lines of a shared recording; those of audio that is shared have a button that plays it from there.

    Args:
        before: who speaks in the line before these.
    """
    begins_ms = (share.start_ms or 0) if share.with_audio else None
    return "".join(_lines(segments, begins_ms, before, words))


def _begin(title: str, words: Words) -> str:
    return (
        f"<!doctype html><html lang={words.language}><meta charset=utf-8><meta name=robots content=noindex>"
        f"<meta name=viewport content='width=device-width'><title>{escape(title)}</title><style>{_STYLE}</style><main>"
    )


_END: Final = f"</main><script>{_SCRIPT}</script></html>"


def _message(shown: SharedMessages, message: Message, words: Words) -> str:
    if message.role == "user":
        return f"<p class=question>{escape(message.content)}</p>"
    text = _CITED_INSIDE.sub(r"”\1", "".join(_parts(shown, message, words)))
    return f"<p>{text}</p>"


def _parts(shown: SharedMessages, message: Message, words: Words) -> Iterator[str]:
    for part in message.parts:
        if isinstance(part, CitationPart):
            recording = shown.recordings.get(part.recording_id)
            name = words.deleted if recording is None else _name(recording, words)
            yield f" <cite>[{escape(name)} @ {render_offset(part.start_ms)}]</cite>"
        else:
            yield f"<strong>{escape(part.text)}</strong>" if part.is_key else escape(part.text)


def _lines(segments: Sequence[Segment], audio_begins_ms: int | None, before: str | None, words: Words) -> Iterator[str]:
    for one in segments:
        who = f"<span class=who>{escape(one.speaker)}</span> " if one.speaker and one.speaker != before else ""
        before = one.speaker
        unclear = f" <small>({words.unclear})</small>" if one.is_unclear else ""
        yield f"<div class=line>{_time(one, audio_begins_ms, words)}<p>{who}{escape(one.text)}{unclear}</p></div>"


def _time(segment: Segment, audio_begins_ms: int | None, words: Words) -> str:
    at = render_offset(segment.start_ms)
    if audio_begins_ms is None:
        return f"<span class=at>{at}</span>"
    from_ms = max(0, segment.start_ms - audio_begins_ms)
    return f"<button class=at data-at={from_ms} title='{words.play}'>{at}</button>"


def _name(recording: Recording, words: Words) -> str:
    return recording.name or words.unnamed
