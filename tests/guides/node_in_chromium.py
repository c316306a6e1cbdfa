"""Runs a JavaScript module in Chromium as `node FILE` would, for machines without Node: `python -m … FILE`."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

_SERVER = re.compile(r"http://127\.0\.0\.1:\d+")


def main(file: str) -> None:
    """Run the file on a page of the server that it names; its console goes to standard output."""
    code = Path(file).read_text(encoding="utf-8")
    server = _SERVER.search(code)
    assert server is not None
    environment = json.dumps({name: value for name, value in os.environ.items() if name.startswith("EARMARK_")})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(bypass_csp=True).new_page()
        page.on("console", lambda message: print(message.text, flush=True))
        page.goto(server.group() + "/docs")
        page.evaluate(f"async () => {{ globalThis.process = {{ env: {environment} }};\n{code}\n}}")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
