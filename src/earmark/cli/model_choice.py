"""Sets the default model: maps NAME/MODEL to settings, checks the model, reports overriding variables."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer
from pydantic import TypeAdapter, ValidationError

from earmark.answers.extractive import ExtractiveModel
from earmark.cli.settings_file import Values, change_settings, read_settings_file, write_settings_file
from earmark.config import ServerName, Settings, check_url, parse_settings, settings_file
from earmark.llm.checks import check_model
from earmark.llm.errors import UnusableModelError
from earmark.llm.local_servers import find_local_server, usual_urls
from earmark.llm.model_lists import shown_url
from earmark.llm.overview import find_problem
from earmark.llm.providers import VENDORS

BUILT_IN: Final = ExtractiveModel()
_MOST_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class Choice:
    """The requested provider, with its model and address where given."""

    name: str
    model: str | None
    base_url: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """The file, the values written by dotted key, and why they may have no effect."""

    file: Path
    written: Mapping[str, str]
    is_changed: bool
    warnings: tuple[str, ...]


def parse_choice(text: str, base_url: str | None) -> Choice:
    """Parse NAME/MODEL; a model's own name may contain slashes.

    Raises: typer.BadParameter.
    """
    name, slash, model = text.partition("/")
    if bool(slash) != bool(model) or model != model.strip() or not model.isprintable() or len(model) > _MOST_CHARS:
        raise typer.BadParameter("Name a model as NAME/MODEL, such as ollama/llama3.2.")
    if name == BUILT_IN.provider and model:
        raise typer.BadParameter("The built-in model is `earmark`, without a model's name.")
    if name not in (BUILT_IN.provider, *VENDORS):
        try:
            TypeAdapter(ServerName).validate_python(name)
        except ValidationError as error:
            raise typer.BadParameter(
                "A server's name consists of lower-case letters, digits, - and _, as in ollama/llama3.2."
            ) from error
    elif base_url is not None:
        raise typer.BadParameter(f"--base-url is only for servers of your own, not for {name}.")
    return Choice(name, model or None, None if base_url is None else _parse_url(base_url))


def _parse_url(text: str) -> str:
    try:
        return check_url(text)
    except ValueError as error:
        raise typer.BadParameter("--base-url must be an http or https URL without a query.") from error


async def choose_model(choice: Choice, *, is_checked: bool) -> Report:
    """Write the choice into the settings file; with `is_checked`, first check that the model exists.

    Raises: UnusableModelError, SettingsError, NotEditableError, NotWrittenError; typer.BadParameter.
    """
    file = settings_file()
    text = read_settings_file(file)
    settings = parse_settings(text)
    _check_alias(settings, choice.name)
    values = await _values(settings, tomllib.loads(text), choice)
    after = parse_settings(change_settings(file, text, values))
    if is_checked and choice.name != BUILT_IN.provider:
        await check_model(after, choice.name, choice.model)
    text = read_settings_file(file)  # the file may have changed during the check
    changed = change_settings(file, text, values)
    after = parse_settings(changed)
    if changed != text:
        write_settings_file(file, changed)
    shown = {".".join(path): shown_url(value) if path[-1] == "base_url" else value for path, value in values.items()}
    return Report(file.absolute(), shown, changed != text, tuple(_warnings(after, values)))


def _check_alias(settings: Settings, name: str) -> None:
    stands_for = settings.provider_aliases.get(name, name)
    if stands_for != name:
        raise UnusableModelError(f"`provider_aliases` maps {name} to {stands_for}; remove that alias first.")


async def _values(settings: Settings, in_file: Mapping[str, Any], choice: Choice) -> Values:
    values: dict[tuple[str, ...], str] = {("default_provider",): choice.name}
    if choice.name == BUILT_IN.provider:
        return values
    if choice.name in VENDORS:
        return {**values, (choice.name, "model"): choice.model} if choice.model else values
    configured = settings.servers.get(choice.name)
    model = choice.model or (configured.model if configured else None)
    if model is None:
        raise typer.BadParameter(f"Name the model: {choice.name}/MODEL.")
    url = choice.base_url or (configured.base_url if configured else await _find_url(settings, choice.name))
    if choice.base_url or "base_url" not in in_file.get("servers", {}).get(choice.name, {}):
        values["servers", choice.name, "base_url"] = url
    return {**values, ("servers", choice.name, "model"): model}


async def _find_url(settings: Settings, name: str) -> str:
    """Return an unconfigured server's URL on its usual port, even if it does not answer."""
    port = settings.model_ports.get(name)
    if port is None:
        known = ", ".join((*VENDORS, *settings.servers, *settings.model_ports))
        raise typer.BadParameter(f"{name} is unknown (known: {known}); give its URL with --base-url.")
    found = await find_local_server(name, port)
    return found.base_url if found else usual_urls(port)[0]


def _warnings(settings: Settings, values: Values) -> list[str]:
    """Return why the file's new values may not take effect."""
    found = []
    for path, value in values.items():
        if _effective(settings, path) != value:
            variable = "EARMARK_" + "__".join(path).upper()
            found.append(f"{variable} in the environment overrides the file; unset it.")
    problem = find_problem(settings, BUILT_IN)
    return [*found, f"A server would not start with these settings. {problem}"] if problem else found


def _effective(settings: Settings, path: tuple[str, ...]) -> Any:
    found: Any = settings
    for key in path:
        found = found.get(key) if isinstance(found, dict) else getattr(found, key, None)
    return found
