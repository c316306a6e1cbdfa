"""Fuzzes the transcript parsers with mutated files: `python -m bench.mutations [--files 100000]`.

Valid files of every format are cut, duplicated, swapped and altered at random. Each must give segments or an
error that explains the problem; anything else, a hang, or high memory use is a fault. Every fiftieth is also
sent to a server by `PUT …/transcript`, which must not return a 5xx. Finally, 32 MiB of nested and of adjacent
arrays are parsed in a separate process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import orjson
from tests.http.conftest import Library
from tests.server import Place, new_project, running
from tests.transcripts.examples import EXAMPLES
from tests.transcripts.test_word_documents import document, line, run

from bench.results import circumstances, table, write_section
from earmark.errors import EarmarkError, InvalidError
from earmark.transcripts import parse_transcript

SALT = (b"\x00", b"\xff", b"\xef\xbb\xbf", b"\n\n", b"\r", b"-->", b"<v ", b"</v>", b"&#0;", b"{", b"[", b'"', b"\\u0000",
        b"\\ud800", b"1e999", b"-1", b"99999999999999999999", b"null", b"NaN", b"WEBVTT", b"00:00:00.000", b":", b",",
        "\u2028\U0001f600\u202e".encode(), b"a" * 5_000)  # fmt: skip
HANGS_S = 10
EVERY = 50
_ANY = "application/octet-stream"
_SEGMENT = {"start": 0, "end": 1.5, "text": "Hello there, all of you.", "speaker": "Ada"}
_WORDS = [{"word": "Hello", "start": 0.0, "end": 0.4, "confidence": 0.9, "speaker": 0}]
_CUES = [(f"00:00:0{at},000 --> 00:00:0{at + 1},500", f"Ada: line {at} <i>said</i> &amp; done") for at in range(5)]
GOOD: Sequence[tuple[str, bytes]] = (
    ("application/json", orjson.dumps({"language": "en", "segments": [_SEGMENT, {**_SEGMENT, "start": 2, "end": 3}]})),
    ("application/json", orjson.dumps({"text": "Hello.", "segments": [{"id": 0, "start": 0, "end": 1, "text": " Hello."}]})),
    ("application/json", orjson.dumps({"results": {"channels": [{"alternatives": [{"transcript": "Hello", "words": _WORDS}]}]}})),
    ("application/json", orjson.dumps({"id": "a", "status": "completed", "audio_duration": 9, "text": "Hello.", "utterances": [{"speaker": "A", "text": "Hello.", "start": 0, "end": 900}]})),
    ("text/vtt", b"WEBVTT\n\nNOTE a note\n\n" + "\n\n".join(f"{when.replace(',', '.')}\n<v Ada>{what}" for when, what in _CUES).encode()),
    ("application/x-subrip", "\n\n".join(f"{at}\n{when}\n{what}" for at, (when, what) in enumerate(_CUES, 1)).encode()),
    ("text/plain", b"Ada: Hello there.\nGrace: Good morning. [00:01:02] And now?\n\n00:03 Linus: Yes.\n"),
    *((_ANY, one.body) for one in EXAMPLES),
    (_ANY, document(line(run("Ada  0:03")), line(run("Hello there.")), line(run("Grace  0:11")), line(run("Good morning.")))),
)  # fmt: skip


def _cut(data: bytes, chance: random.Random) -> bytes:
    first, last = sorted(chance.choices(range(len(data) + 1), k=2))
    return data[:first] + data[last:]


def _double(data: bytes, chance: random.Random) -> bytes:
    first, last = sorted(chance.choices(range(len(data) + 1), k=2))
    return data[:first] + data[first:last] * chance.choice((2, 2, 3, 50)) + data[last:]


def _salt(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(SALT) + data[at:]


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _swap(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


MUTATORS: Sequence[Callable[[bytes, random.Random], bytes]] = (_cut, _double, _salt, _salt, _flip, _flip, _swap)


def mutated(number: int) -> tuple[str, bytes]:
    """Return the media type and bytes of mutation `number`; deterministic."""
    chance = random.Random(number)
    media_type, data = GOOD[number % len(GOOD)]
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(MUTATORS)(data, chance)[: 1 << 20]
    if chance.random() < 0.05:
        media_type = chance.choice(GOOD)[0]
    return media_type, data


class HangsError(Exception):
    """Parsing a file took longer than HANGS_S."""


def _ring(*_: object) -> None:
    raise HangsError


def parse_all(files: int) -> tuple[Counter[str], list[str]]:
    """Parse mutations; return counts of the outcomes, and faults."""
    became: Counter[str] = Counter()
    faults: list[str] = []
    signal.signal(signal.SIGALRM, _ring)
    for number in range(files):
        media_type, data = mutated(number)
        signal.setitimer(signal.ITIMER_REAL, HANGS_S)
        try:
            became["segments" if parse_transcript(data, media_type=media_type).segments else "nothing"] += 1
        except InvalidError:
            became["refused"] += 1
        except (Exception, HangsError) as error:
            faults.append(f"file {number}: {type(error).__name__}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return became, faults


def send_some(place: Place, numbers: Sequence[int]) -> tuple[Counter[int], list[str]]:
    """Send mutations to a server; return counts of the statuses, and faults."""
    statuses: Counter[int] = Counter()
    faults: list[str] = []
    with running(place) as server, server.client(new_project(place).live) as client:
        library = Library(client)
        recording = library.recording(library.user())
        for number in numbers:
            media_type, data = mutated(number)
            try:
                answer = client.put(f"/v1/recordings/{recording}/transcript", content=data[: 64 << 10],
                                    headers={"Content-Type": media_type})  # fmt: skip
            except httpx.HTTPError as error:
                faults.append(f"file {number}: {type(error).__name__}")
                continue
            statuses[answer.status_code] += 1
            if answer.status_code >= 500:
                faults.append(f"file {number}: {answer.status_code}")
    return statuses, faults


def _huge(kind: str, size: int) -> bytes:
    return (
        b"[" * (size // 2) + b"]" * (size // 2)
        if kind == "nested"
        else b'{"segments":[' + b"[]," * (size // 3) + b"[]]}"
    )


def _parse_huge(kind: str, size: int, told: multiprocessing.SimpleQueue) -> None:  # type: ignore[type-arg]
    data, started = _huge(kind, size), time.perf_counter()
    try:
        parse_transcript(data, media_type="application/json")
        end = "parsed"
    except EarmarkError as error:
        end = type(error).__name__
    told.put((end, time.perf_counter() - started, _peak_mb()))


def _peak_mb() -> float:
    """Return this program's peak memory; that of `getrusage` begins with the parent's, from before the exec."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1_024


def parse_huge(kind: str, size: int = 32 << 20) -> tuple[str, float, float]:
    """Parse a huge file in a separate process; return outcome, seconds and peak MB."""
    context = multiprocessing.get_context("spawn")
    told = context.SimpleQueue()
    child = context.Process(target=_parse_huge, args=(kind, size, told))
    child.start()
    child.join(60)
    if child.exitcode != 0:
        child.kill()
        return "killed", 60.0, 0.0
    found: tuple[str, float, float] = told.get()
    return found


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=100_000)
    files = parser.parse_args().files
    started = time.monotonic()
    became, faults = parse_all(files)
    took_s = time.monotonic() - started
    with TemporaryDirectory(prefix="em") as folder:
        statuses, more = send_some(Place(Path(folder) / "earmark"), range(0, files, EVERY))
    rows = [
        ("files parsed", f"{files} in {took_s:.0f} s: {dict(became)}"),
        ("peak memory of that", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024:.0f} MB"),
        ("sent to a server", f"{sum(statuses.values())}: {dict(statuses)}"),
    ]
    for kind in ("nested", "neighbours"):
        end, seconds, peak_mb = parse_huge(kind)
        rows.append((f"32 MiB of {kind} arrays", f"{end}, {seconds:.2f} s, {peak_mb:.0f} MB"))
        more += [f"{kind}: {seconds:.1f} s, {peak_mb:.0f} MB"] if seconds > 10 or peak_mb > 1_000 else []
    faults += more
    body = f"{circumstances()}\n\n{table(('seen', 'value'), [*rows, ('faults', len(faults))])}"
    write_section("Mutated transcript files", f"python -m bench.mutations --files {files}", body)
    print("\n".join(faults[:20]), file=sys.stderr)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
