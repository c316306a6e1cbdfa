"""Reading large transcripts, beside the readers of an earlier commit: `python -m bench.parsing [--before COMMIT]`.

Each file is parsed in a process of its own; the table has processor seconds and peak memory above the process's own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.results import circumstances, table, write_section

ROOT = Path(__file__).parent.parent
_WORDS = "the hive is full and we harvest on friday with the smoker from the barn".split()
_TYPES = {".vtt": "text/vtt", ".srt": "application/x-subrip", ".json": "application/json", ".txt": "text/plain"}


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--before", help="a commit to compare with")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one is not None:
        print(json.dumps(_parse(asked.one)))
        return
    with TemporaryDirectory() as folder:
        files = list(_write_files(Path(folder)))
        old = _checkout(asked.before, Path(folder)) if asked.before else None
        rows = [_row(path, old) for path in files]
    command = f"python -m bench.parsing{f' --before {asked.before}' if asked.before else ''}"
    header = ("file", "MB", "segments", "CPU s", "MB of memory", "CPU, now over before", "memory, now over before")
    write_section("Reading transcripts", command, f"{table(header, rows)}\n\n{circumstances()}")


def _row(path: Path, old: Path | None) -> list[object]:
    now = _measure(path, ROOT / "src")
    before = None if old is None else _measure(path, old / "src")
    ratios = ["" if before is None else f"{now[key] / max(before[key], 1e-9):.2f}" for key in ("cpu_s", "peak_mb")]
    size = path.stat().st_size / 1e6
    return [
        path.name,
        f"{size:.1f}",
        f"{now['segments']:,.0f}",
        f"{now['cpu_s']:.2f}",
        f"{now['peak_mb']:.0f}",
        *ratios,
    ]


def _measure(path: Path, source: Path) -> dict[str, float]:
    env = {**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "bench.parsing", "--one", str(path)]
    runs = [json.loads(subprocess.run(command, env=env, check=True, capture_output=True).stdout) for _ in range(3)]
    return min(runs, key=lambda one: float(one["cpu_s"]))


def _parse(path: Path) -> dict[str, float]:
    from earmark.transcripts import parse_transcript

    body = path.read_bytes()
    idle_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    parsed = parse_transcript(body, media_type=_TYPES[path.suffix])
    cpu_s = time.process_time() - started
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"segments": len(parsed.segments), "cpu_s": cpu_s, "peak_mb": (peak_kb - idle_kb) / 1_000}


def _checkout(commit: str, folder: Path) -> Path:
    old = folder / "before"
    subprocess.run(["git", "-C", str(ROOT), "worktree", "add", "--quiet", "--detach", str(old), commit], check=True)
    subprocess.run(["git", "-C", str(ROOT), "worktree", "prune"], check=True)
    return old


def _write_files(folder: Path) -> list[Path]:
    vtt, srt, text = ["WEBVTT\n"], [], []
    for at in range(12_000):  # ten hours, a cue every three seconds
        said = " ".join(_WORDS[(at + step) % len(_WORDS)] for step in range(9)).capitalize() + "."
        name = f"Speaker {at % 4}"
        vtt.append(f"{_clock(at * 3, '.')} --> {_clock(at * 3 + 3, '.')}\n<v {name}>{said}\n")
        srt.append(f"{at + 1}\n{_clock(at * 3, ',')} --> {_clock(at * 3 + 3, ',')}\n{name}: {said}\n")
        text.append(f"{name}  {_clock(at * 3, '.')[:-4]}\n{said}\n")
    words = [
        {"word": _WORDS[at % len(_WORDS)], "punctuated_word": _WORDS[at % len(_WORDS)], "start": at * 0.4,
         "end": at * 0.4 + 0.35, "confidence": 0.987654, "speaker": at // 40 % 3, "speaker_confidence": 0.87654321}
        for at in range(640_000)
    ]  # fmt: skip
    document = {"metadata": {}, "results": {"channels": [{"alternatives": [{"transcript": "", "words": words}]}]}}
    contents = {
        "ten hours.vtt": "\n".join(vtt), "ten hours.srt": "\n".join(srt), "ten hours of heads.txt": "\n".join(text),
        "deepgram.json": json.dumps(document),
    }  # fmt: skip
    for name, content in contents.items():
        (folder / name).write_text(content)
    return [folder / name for name in contents]


def _clock(seconds: int, mark: str) -> str:
    return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}000"


if __name__ == "__main__":
    main()
