"""The child process of tests that stands for an engine: `python tests/scripted_engine.py START_MS`, a script on its input.

The script is the "audio" that a test uploaded: JSON with `chunks`, each with `ms` and `text`, and perhaps `gate` (a file
for which it waits), `pause_s`, `speaker` or `does` (`crash`, `hang`, or a code to fail with). What it heard it appends
to the file `log`, a line of JSON for each chunk.
"""

import json
import os
import sys
import time

AUDIO_START = b"ID3"  # with which a script is taken for audio by its first bytes


def main(start_ms: int) -> None:
    """Say what the script says from a time on."""
    script = json.loads(sys.stdin.readline())
    parent, end_ms = os.getppid(), 0
    total_ms = sum(chunk["ms"] for chunk in script["chunks"])
    note(script, {"pid": os.getpid(), "begins_ms": start_ms})
    for chunk in script["chunks"]:
        begin_ms, end_ms = end_ms, end_ms + chunk["ms"]
        if begin_ms < start_ms:
            continue
        until = time.monotonic() + chunk.get("pause_s", 0)
        while time.monotonic() < until or ("gate" in chunk and not os.path.exists(chunk["gate"])):  # noqa: PTH110
            time.sleep(0.005)
            if os.getppid() != parent:
                return
        does = chunk.get("does")
        if does == "crash":
            os._exit(11)
        if does == "hang":
            time.sleep(600)
        if does is not None:
            say({"problem": {"code": does}})
            return
        note(script, {"pid": os.getpid(), "heard_ms": begin_ms})
        words = {"start_ms": begin_ms, "end_ms": end_ms, "text": chunk["text"], "speaker": chunk.get("speaker")}
        segments = [{**words, "confidence": chunk.get("confidence")}] if chunk["text"] else []
        say({"chunk": {"start_ms": begin_ms, "end_ms": end_ms, "heard_until_ms": end_ms, "duration_ms": total_ms,
                       "language": script.get("language", "en"), "segments": segments}})  # fmt: skip
        if not sys.stdin.readline():  # where it is said that the chunk is stored
            return
    say({"end": {"heard_until_ms": end_ms, "decoded_ms": total_ms, "is_partial": script.get("is_partial", False)}})


def note(script: dict, what: dict) -> None:
    """Append a line to the script's log."""
    file = os.open(script["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, json.dumps(what).encode() + b"\n")
    os.close(file)


def say(what: dict) -> None:
    """Print a line."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
