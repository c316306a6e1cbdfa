"""The command `earmark` for shells of tests: asks the zygote to fork it (tests/zygote.py), which saves its imports.

It imports nothing of ours and so starts quickly. `ZYGOTE` names the socket; the process's id is appended to the file
that `FORKED` names, so that what a failed test left running can be ended.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path


def main() -> int:
    """Run the command with this process's arguments, environment, folder and output; return its status."""
    asked = {"arguments": sys.argv[1:], "env": dict(os.environ), "cwd": str(Path.cwd())}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(os.environ["ZYGOTE"])
        socket.send_fds(connection, [json.dumps(asked).encode()], [1, 2])
        pid = int(connection.recv(64))
        signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
        with Path(os.environ["FORKED"]).open("a", encoding="utf-8") as file:
            file.write(f"{pid}\n")
        return int(connection.recv(64))


if __name__ == "__main__":
    status = main()
    sys.exit(status if status >= 0 else 128 - status)
