"""`python -m earmark.speech.decoding`: decodes the media of an inherited descriptor to standard output."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import suppress

from earmark.speech.decoding.confinement import forbid_opening, limit_process
from earmark.speech.decoding.types import Report

_STDOUT = 1


def main(arguments: list[str]) -> None:
    """Decode, or with `--probe` only say what the file is."""
    parser = argparse.ArgumentParser(prog="earmark.speech.decoding")
    parser.add_argument("--fd", type=int, required=True, help="the media, open for reading")
    parser.add_argument("--report-fd", type=int, default=2, help="where the report is written")
    parser.add_argument("--skip-ms", type=int, default=0)
    parser.add_argument("--max-ms", type=int, default=24 * 3_600_000)
    parser.add_argument("--probe", action="store_true")
    parser.add_argument("--refuse-long", action="store_true", help="give nothing of a file longer than --max-ms")
    parser.add_argument("--memory-bytes", type=int, required=True)
    parser.add_argument("--cpu-s", type=int, required=True)
    asked = parser.parse_args(arguments)
    limit_process(asked.memory_bytes, asked.cpu_s)
    try:
        from earmark.speech.decoding import child  # loads the decoders, within the limits
    except ImportError:
        lacking = Report(0, False, "not_installed", "", "")._asdict()
        os.write(_STDOUT if asked.probe else asked.report_fd, json.dumps(lacking).encode() + b"\n")
        return
    forbid_opening()
    with suppress(BrokenPipeError):  # the reader is gone: nobody waits for the report either
        if asked.probe:
            child.probe(asked.fd)
        else:
            child.decode(asked.fd, asked.report_fd, skip_ms=asked.skip_ms, max_ms=asked.max_ms,
                         refuses_long=asked.refuse_long)  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
