"""A small file of every format, and what it says: (format, file name, bytes, segments as start, end, speaker, words)."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

Said = tuple[int, int, str | None, str]
TWO: tuple[Said, ...] = ((0, 2_000, "Ines", "The hive is full."), (2_000, 4_500, "Tomas", "Bring the smoker."))
BARE: tuple[Said, ...] = tuple((start, end, None, words) for start, end, _, words in TWO)


class Example(NamedTuple):
    format: str
    name: str
    body: bytes
    said: tuple[Said, ...]


def _json(form: str, document: Any, said: tuple[Said, ...] = TWO) -> Example:
    return Example(form, f"{form}.json", json.dumps(document).encode(), said)


def _words(**names: str) -> list[dict[str, Any]]:
    """Return the words of TWO, each of its segment's length divided evenly; `names` renames the fields."""
    rows = []
    for start, end, speaker, text in TWO:
        words = text.split()
        step = (end - start) / len(words)
        for at, word in enumerate(words):
            begins = (start + at * step) / 1_000
            values = {"text": word, "start": begins, "end": begins + step / 1_000, "speaker": speaker}
            rows.append({names.get(key, key): value for key, value in values.items()})
    return rows


def _rows(scale: float = 1 / 1_000, **names: str) -> list[dict[str, Any]]:
    return [
        {
            names.get(key, key): value
            for key, value in (("text", text), ("start", start * scale), ("end", end * scale), ("speaker", speaker))
        }
        for start, end, speaker, text in TWO
    ]


def _aws() -> dict[str, Any]:
    items: list[dict[str, Any]] = []
    for word in _words():
        bare = word["text"].rstrip(".")
        items.append(
            {"type": "pronunciation", "start_time": f"{word['start']:.3f}", "end_time": f"{word['end']:.3f}",
             "speaker_label": word["speaker"], "alternatives": [{"content": bare, "confidence": "0.9"}]}
        )  # fmt: skip
        if bare != word["text"]:
            items.append({"type": "punctuation", "alternatives": [{"content": ".", "confidence": "0.0"}]})
    return {"jobName": "walk", "results": {"transcripts": [{"transcript": "…"}], "items": items}}


def _speechmatics() -> dict[str, Any]:
    results: list[dict[str, Any]] = []
    for word in _words():
        bare, times = word["text"].rstrip("."), {"start_time": word["start"], "end_time": word["end"]}
        results.append({"type": "word", **times, "alternatives": [{"content": bare, "speaker": word["speaker"]}]})
        if bare != word["text"]:
            mark = {"content": ".", "speaker": word["speaker"]}
            results.append({"type": "punctuation", "attaches_to": "previous", **times, "alternatives": [mark]})
    return {"format": "2.9", "metadata": {"transcription_config": {"language": "en"}}, "results": results}


def _rev() -> dict[str, Any]:
    monologues = []
    for at, (start, end, speaker, text) in enumerate(TWO):
        elements: list[dict[str, Any]] = []
        for word in (one for one in _words() if start <= one["start"] * 1_000 < end):
            bare = word["text"].rstrip(".")
            elements.append({"type": "text", "value": bare, "ts": word["start"], "end_ts": word["end"]})
            elements.append({"type": "punct", "value": "." if bare != word["text"] else " "})
        monologues.append({"speaker": at, "speaker_info": {"display_name": speaker}, "elements": elements})
        assert text
    return {"monologues": monologues}


_ELEVEN = [
    spaced
    for word in _words(speaker="speaker_id")
    for spaced in ({**word, "type": "word"}, {**word, "text": " ", "type": "spacing"})
]
_CHANNEL = [{**word, "word": word["text"].strip(".").lower(), "punctuated_word": word["text"]} for word in _words()]
_GOOGLE = [
    {"word": word["text"], "startTime": f"{word['start']:.3f}s", "endTime": f"{word['end']:.3f}s",
     "speakerTag": 1 if word["speaker"] == "Ines" else 2}
    for word in _words()
]  # fmt: skip
_NUMBERED: tuple[Said, ...] = tuple(
    (start, end, f"SPEAKER_{at}", words) for at, (start, end, _, words) in enumerate(TWO, 1)
)
_ISO = [
    {"text": text, "source": who, "start_timestamp": f"2026-05-20T10:00:{start / 1_000:06.3f}+02:00",
     "end_timestamp": f"2026-05-20T10:00:{end / 1_000:06.3f}+02:00"}
    for start, end, who, text in TWO
]  # fmt: skip

EXAMPLES: tuple[Example, ...] = (
    Example("webvtt", "a.vtt", b"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ines>The hive is full.</v>\n\n"
            b"00:02.000 --> 00:04.500\n<v Tomas>Bring the smoker.</v>\n", TWO),
    Example("subrip", "a.srt", b"1\n00:00:00,000 --> 00:00:02,000\nInes: The hive is full.\n\n2\n"
            b"00:00:02,000 --> 00:00:04,500\nTomas: Bring the smoker.\n", TWO),
    Example("sbv", "a.sbv", b"0:00:00.000,0:00:02.000\nInes: The hive is full.\n\n0:00:02.000,0:00:04.500\n"
            b"Tomas: Bring the smoker.\n", TWO),
    Example("ttml", "a.ttml", b'<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"><body><div>'
            b'<p begin="0s" end="2s">Ines: The hive<br/>is full.</p>'
            b'<p begin="00:00:02.000" dur="2.5s">Tomas: Bring the <span>smoker</span>.</p></div></body></tt>', TWO),
    Example("substation", "a.ass", b"[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
            b"Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
            b"Dialogue: 0,0:00:00.00,0:00:02.00,Default,Ines,0,0,0,,{\\i1}The hive\\Nis full.\n"
            b"Dialogue: 0,0:00:02.00,0:00:04.50,Default,Tomas,0,0,0,,Bring the smoker.\n", TWO),
    Example("lrc", "a.lrc", b"[ti:Hive walk]\n[00:00.00]Ines: The hive is full.\n[00:02.00]Tomas: Bring the smoker.\n"
            b"[00:04.50]\n", TWO),
    Example("sami", "a.smi", b"<SAMI>\n<HEAD><TITLE>Hive walk</TITLE></HEAD>\n<BODY>\n"
            b"<SYNC Start=0><P Class=ENCC>Ines: The hive<br>is full.\n<SYNC Start=2000><P Class=ENCC>Tomas: Bring the smoker.\n"
            b"<SYNC Start=4500><P Class=ENCC>&nbsp;\n</BODY>\n</SAMI>\n", TWO),
    Example("csv", "a.csv", b'start,end,speaker,text\n0.0,2.0,Ines,"The hive is full."\n2.0,4.5,Tomas,Bring the smoker.\n',
            TWO),
    Example("tsv", "a.tsv", b"Start (ms)\tEnd (ms)\tSpeaker\tText\n0\t2000\tInes\tThe hive is full.\n"
            b"2000\t4500\tTomas\tBring the smoker.\n", ()),
    Example("time-ranges", "a.txt", b"[0.00s -> 2.00s]  The hive is full.\n[2.00s -> 4.50s]  Bring the smoker.\n", BARE),
    Example("text-timed", "a.txt", b"Ines  0:00\nThe hive is full.\n\nTomas  0:02\nBring the smoker.\n",
            (TWO[0], (2_000, 3_200, *TWO[1][2:]))),
    Example("chat", "a.txt", b"17/09/2024, 08:12 - Ines: The hive is full.\n17/09/2024, 08:13 - Tomas: Bring the smoker.\n",
            ((0, 1_600, *TWO[0][2:]), (1_600, 2_800, *TWO[1][2:]))),
    Example("text-dialogue", "a.txt", b"Ines: The hive is full.\nTomas: Bring the smoker.\n",
            ((0, 1_600, *TWO[0][2:]), (1_600, 2_800, *TWO[1][2:]))),
    Example("text-prose", "a.txt", b"The hive is full. Bring the smoker.\n",
            ((0, 1_600, None, TWO[0][3]), (1_600, 2_800, None, TWO[1][3]))),
    _json("native", {"language": "en", "segments": _rows()}),
    _json("whisper", {"text": "…", "language": "en", "segments": [{**row, "seek": 0} for row in _rows()]}),
    _json("whisper-cpp", {"result": {"language": "en"}, "transcription": [
        {"offsets": {"from": start, "to": end}, "text": f" {text}", "speaker": who} for start, end, who, text in TWO]}),
    _json("transformers", {"text": "…", "chunks": [
        {"timestamp": [start / 1_000, end / 1_000], "text": f" {text}"} for start, end, _, text in TWO]}, BARE),
    _json("deepgram", {"metadata": {}, "results": {"channels": [{"alternatives": [{"words": _CHANNEL}]}]}}),
    _json("assemblyai", {"status": "completed", "text": "…", "words": [], "utterances": _rows(scale=1)}),
    _json("elevenlabs", {"language_code": "eng", "text": "…", "words": _ELEVEN}),
    _json("aws", _aws()),
    _json("watson", {"results": [
        {"final": True, "alternatives": [{"transcript": text, "timestamps": [
            [word["text"], word["start"], word["end"]] for word in _words() if start <= word["start"] * 1_000 < end]}]}
        for start, end, _, text in TWO],
        "speaker_labels": [{"from": start / 1_000, "to": end / 1_000, "speaker": who} for start, end, who, _ in TWO]}),
    _json("apple", {"locale": {"identifier": "en_GB"}, "attributedString": [
        part for word in _words() for part in (f"{word['text']} ", {"timeRange": [word["start"], word["end"]]})]}, BARE),
    _json("google", {"results": [{"alternatives": [{"transcript": "…", "words": _GOOGLE}]}]}, _NUMBERED),
    _json("azure", {"recognizedPhrases": [
        {"offsetInTicks": start * 10_000, "durationInTicks": (end - start) * 10_000, "speaker": at,
         "nBest": [{"display": text, "confidence": 0.9}]} for at, (start, end, _, text) in enumerate(TWO, 1)]}, _NUMBERED),
    _json("azure-fast", {"durationMilliseconds": 4_500, "combinedPhrases": [], "phrases": [
        {"offsetMilliseconds": start, "durationMilliseconds": end - start, "text": text, "speaker": at}
        for at, (start, end, _, text) in enumerate(TWO, 1)]}, _NUMBERED),
    _json("speechmatics", _speechmatics()),
    _json("rev", _rev()),
    _json("gladia", {"metadata": {"audio_duration": 4.5}, "result": {"transcription": {"utterances": _rows()}}}),
    _json("youtube-json3", {"wireMagic": "pb3", "events": [
        {"tStartMs": start, "dDurationMs": end - start, "segs": [{"utf8": text}]} for start, end, _, text in TWO]}, BARE),
    _json("youtube-rows", [
        {"text": text, "start": start / 1_000, "duration": (end - start) / 1_000} for start, end, _, text in TWO], BARE),
    _json("podcast", {"version": "1.0.0", "segments": _rows(text="body", start="startTime", end="endTime")}),
    _json("otter", {"speech": {"title": "Walk", "speakers": [{"id": 7, "speaker_name": "Ines"},
                                                          {"id": 8, "speaker_name": "Tomas"}],
                               "transcripts": [{"start_offset": start * 16, "end_offset": end * 16, "transcript": text,
                                                "speaker_id": at} for at, (start, end, _, text) in enumerate(TWO, 7)]}}),
    _json("fireflies", [{"sentence": row["text"], "speaker_name": row["speaker"], "start_time": row["start"],
                         "end_time": row["end"]} for row in _rows()]),
    _json("readai", {"title": "Walk", "start_time": "2026-05-20T10:00:00Z", "transcript": {"speaker_blocks": [
        {"start_time": 1_779_271_200 + start / 1_000, "end_time": 1_779_271_200 + end / 1_000, "words": text,
         "speaker": {"name": who}} for start, end, who, text in TWO]}}),
    _json("omi", {"structured": {"title": "Walk"}, "transcript_segments": _rows()}),
    _json("limitless", {"title": "Walk", "contents": [
        {"type": "blockquote", "content": text, "speakerName": who, "startOffsetMs": start, "endOffsetMs": end}
        for start, end, who, text in TWO]}),
    _json("granola", _ISO),
    _json("venice", {"text": "…", "duration": 4.5, "timestamps": {"segment": _rows()}}),
    _json("json-rows", {"meeting": {"lines": [
        {"who": who, "utterance": text, "begin": start, "finish": end} for start, end, who, text in TWO]}}),
    _json("json-text", {"text": "The hive is full. Bring the smoker.", "usage": {"total_tokens": 9}},
          ((0, 1_600, None, TWO[0][3]), (1_600, 2_800, None, TWO[1][3]))),
)  # fmt: skip
