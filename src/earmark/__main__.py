"""`python -m earmark`."""

from earmark.cli.main import run

run()
