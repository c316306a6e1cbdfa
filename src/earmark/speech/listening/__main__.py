"""Runs the listening process."""

from __future__ import annotations

import sys

from earmark.speech.listening.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
