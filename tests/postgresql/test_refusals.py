"""Connections that PostgreSQL refuses: the message says why, and never the password."""

from __future__ import annotations

import socket
from dataclasses import replace

from tests.postgres import Cluster
from tests.server import Place

PASSWORD = "sesame"


def _said(place: Place, url: str) -> str:
    done = replace(place, database_url=url, owner_url=url).cli("projects", "list", check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert PASSWORD not in done.stderr
    return done.stderr


def test_each_reason_of_a_refused_connection_is_told_from_the_others(fresh_place: Place, cluster: Cluster) -> None:
    name = str(fresh_place.database_url).partition("?")[0].rpartition("/")[2]
    assert "refuses the role nobody" in _said(fresh_place, cluster.url(name, f"nobody:{PASSWORD}"))
    assert "there is no database nowhere at /" in _said(fresh_place, cluster.url("nowhere"))
    with socket.socket() as closed:  # bound, but nobody listens
        closed.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{closed.getsockname()[1]}"
        said = _said(fresh_place, f"postgresql://earmark:{PASSWORD}@{place}/earmark")
    assert f"nothing accepts connections at {place}." in said
