"""Changing values of any valid TOML file changes nothing else in it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.cli.settings_file import NotEditableError, change_settings

FILE = Path("earmark.toml")
VALUES = {
    ("default_provider",): "ollama",
    ("servers", "ollama", "base_url"): "http://127.0.0.1:11434/v1",
    ("servers", "ollama", "model"): 'qwen "3"\\',
}
SERVER = {"base_url": VALUES["servers", "ollama", "base_url"], "model": VALUES["servers", "ollama", "model"]}
FORMS = {
    "empty": "",
    "one comment": "# hi",
    "no line end": "port = 1",
    "a heading": "# Ours.\n\n[openai]\nmodel = 'x'  # c\n",
    "Windows' line ends": "# Ours.\r\n\r\nport = 1\r\n[openai]\r\nmodel = 'x'\r\n",
    "a table": "[servers.ollama]\nmodel = 'z'\n\n# about box\n[servers.box]\nbase_url = 'b'\nmodel = 'q'\n",
    "a table of tables": "default_provider = 'a'  # note\n[servers]\n[servers.ollama]\nmodel='z' # n\n[gemini]\nmodel='k'\n",
    "inline": "servers = { box = { base_url = 'b', model = 'z' } } # c\nport = 1\n",
    "inline, of that name": "servers = { ollama = { base_url = 'b', model = 'z' } }\n",
    "dotted": "servers.ollama.base_url = 'b'\nservers.ollama.model = 'z'  # c\n[openai]\nmodel = '3'\n",
    "dotted, of another name": "servers.a.model = '1'\nservers.a.base_url = '1'\n[openai]\nmodel = '3'\n",
    "dotted in a table": "[servers]\na.model = '1'\nollama.model = '2'\n\n[openai]\nmodel = '3'\n",
    "quoted": "[\"servers\".'ollama']\n\"model\" = '''z'''\n",
    "out of order": "[servers.a]\nmodel = '1'\n[openai]\nmodel = '2'\n[servers.b]\nmodel = '3'\n",
    "many lines": "x = [\n  1, # one\n]\n\n# about servers\n[servers.ollama] # h\nbase_url = 'b'\n",
    "tables in a list": "[[other]]\na = 1\n[[other]]\na = 2\n",
}


def comments(text: str) -> list[str]:
    return [line.partition("#")[2].strip() for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize("form", FORMS)
def test_values_are_set_and_the_rest_is_unchanged(form: str) -> None:
    before = tomllib.loads(FORMS[form])
    changed = change_settings(FILE, FORMS[form], VALUES)
    after = tomllib.loads(changed)
    servers: dict[str, Any] = {**before.get("servers", {}), "ollama": SERVER}
    assert after == {**before, "default_provider": "ollama", "servers": servers}
    assert comments(changed) == comments(FORMS[form])
    assert change_settings(FILE, changed, VALUES) == changed


def test_a_new_key_is_added_below_the_heading_and_a_new_table_at_the_end() -> None:
    changed = change_settings(FILE, FORMS["a heading"], {**VALUES, ("servers", "ollama", "model"): "m"})
    assert changed == (
        "# Ours.\n\ndefault_provider = \"ollama\"\n\n[openai]\nmodel = 'x'  # c\n\n"
        '[servers.ollama]\nbase_url = "http://127.0.0.1:11434/v1"\nmodel = "m"\n'
    )


def test_a_file_that_cant_be_changed_safely_is_refused_with_the_values_to_set() -> None:
    with pytest.raises(NotEditableError, match=r"default_provider = 'ollama', servers\.ollama\.base_url"):
        change_settings(FILE, "servers = [1]\n", VALUES)


_KEYS = st.sampled_from(["servers", "ollama", "model", "base_url", "port", "'q u'"])
_VALUES = st.sampled_from(["1", "'s'", "[1, 2]", "{ a = 1 }", "true", '"""\nx"""'])
_LINES = st.one_of(
    st.just(""),
    st.just("# note"),
    st.lists(_KEYS, min_size=1, max_size=3).map(lambda keys: f"[{'.'.join(keys)}]"),
    st.tuples(st.lists(_KEYS, min_size=1, max_size=3), _VALUES).map(lambda one: f"{'.'.join(one[0])} = {one[1]}"),
)


@given(st.lists(_LINES, max_size=8).map("\n".join))
def test_any_file_is_changed_in_nothing_else_or_left_unchanged(text: str) -> None:
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    try:
        after = tomllib.loads(change_settings(FILE, text, VALUES))
    except NotEditableError:
        return
    assert after.pop("default_provider") == "ollama"
    assert after["servers"].pop("ollama")["model"] == VALUES["servers", "ollama", "model"]
    before.pop("default_provider", None)
    before.setdefault("servers", {}).pop("ollama", None)
    assert after == before
