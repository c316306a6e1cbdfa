"""A server whom the rights of files bind even if root runs it: `python -m tests.bound_server`, otherwise `earmark`."""

from __future__ import annotations

import ctypes

from earmark.cli.main import run

_VERSION = 0x20080522  # of the structures below; Source: capset(2)


def give_up_capabilities() -> None:
    """Keep what anybody may do. Nobody needs a right for that, so it works for whoever runs the tests."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, none = (ctypes.c_uint32 * 2)(_VERSION, 0), (ctypes.c_uint32 * 6)()
    assert libc.capset(header, none) == 0, f"capset failed: {ctypes.get_errno()}"


if __name__ == "__main__":
    give_up_capabilities()
    run()
