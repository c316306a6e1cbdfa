"""`earmark models`: lists configured models and local servers; `use` sets the default, `pull` fetches speech models."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from earmark.cli.model_choice import BUILT_IN, choose_model, parse_choice
from earmark.cli.model_pulls import pull_model
from earmark.cli.model_steps import Step, next_steps, steps_after
from earmark.cli.output import JsonOption, emit
from earmark.config import load_settings, settings_file
from earmark.llm.local_servers import TITLES, LocalServer
from earmark.llm.overview import ConfiguredModel, Overview, look_at_models

_SHOWN_MODELS: Final = 20
_EXAMPLE: Final = "ollama/llama3.2, openai/gpt-6-luna; `earmark` is the built-in one."
models_cli = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
UrlOption = Annotated[
    str | None, typer.Option("--base-url", help="The URL of a server of your own, with /v1.", metavar="URL")
]
CheckOption = Annotated[bool, typer.Option("--check/--no-check", help="Whether to check first that the model exists.")]


@models_cli.callback()
def models(context: typer.Context, as_json: JsonOption = False) -> None:
    """List configured language models, this machine's model servers, and next steps.

    Contacts only this machine and changes nothing.
    """
    if context.invoked_subcommand is not None:
        if as_json:
            raise typer.BadParameter(f"--json goes after `{context.invoked_subcommand}`.")
        return
    settings = load_settings()
    overview = asyncio.run(look_at_models(settings, BUILT_IN))
    steps, file = next_steps(overview), settings_file().absolute()
    lines = [*_of_settings(overview, file), *_of_machine(overview, settings.model_ports), *_of_steps(steps)]
    emit(_to_json(overview, steps, file), as_json=as_json, text="\n".join(lines))


models_cli.command("pull")(pull_model)


@models_cli.command("use")
def use(
    model: Annotated[str, typer.Argument(help=f"As in {_EXAMPLE}", metavar="NAME/MODEL")],
    base_url: UrlOption = None,
    check: CheckOption = True,
    as_json: JsonOption = False,
) -> None:
    """Write the default model into the settings file, after checking that it exists."""
    choice = parse_choice(model, base_url)
    report = asyncio.run(choose_model(choice, is_checked=check))
    steps = steps_after(choice.name)
    told = {"file": str(report.file), "written": report.written, "changed": report.is_changed}
    done = "Wrote" if report.is_changed else "Nothing to change in"
    written = [f"  {key} = {orjson.dumps(value).decode()}" for key, value in report.written.items()]
    lines = [f"{done} {report.file}:", *written]
    lines += [f"Warning: {one}" for one in report.warnings]
    lines += ["Restart a running server to apply this."] if report.is_changed else []
    emit(
        {**told, "restart_needed": report.is_changed, "warnings": report.warnings, "next": list(map(asdict, steps))},
        as_json=as_json,
        text="\n".join([*lines, *_of_steps(steps)]),
    )


def _to_json(overview: Overview, steps: Sequence[Step], file: Path) -> dict[str, Any]:
    default = overview.default_model
    return {
        "settings_file": {"path": str(file), "exists": file.is_file()},
        "default": {"provider": overview.default, "model": default.model if default else None},
        "configured": [asdict(one) for one in overview.configured],
        "servers": [{**asdict(one), "is_configured": overview.is_configured(one)} for one in overview.servers],
        "problem": overview.problem,
        "next": [asdict(step) for step in steps],
    }


def _of_settings(overview: Overview, file: Path) -> Iterator[str]:
    yield f"Settings file: {file}{'' if file.is_file() else ' (does not exist)'}"
    yield "Configured (* is the default):"
    for one in overview.configured:
        yield f"{'*' if one.is_default else ' ':>3} {one.provider}/{one.model}: {', '.join(_facts(one))}"
    if overview.default_model is None:
        yield f"  * {overview.default}: not configured"


def _facts(one: ConfiguredModel) -> Iterator[str]:
    if one.provider == "earmark":
        yield "built in"
        return
    if one.base_url:
        yield one.base_url
    if one.answers is not None:
        yield "answers" if one.answers else "does not answer"
    if one.has_model is False:
        yield "lacks this model"
    if one.has_key:
        yield "has a key"
    yield "SDK installed" if one.is_sdk_installed else "SDK not installed"


def _of_machine(overview: Overview, ports: Mapping[str, int]) -> Iterator[str]:
    yield "On this machine:"
    if not overview.servers:
        yield f"    no model server answers (ports {', '.join(map(str, ports.values()))})"
    for server in overview.servers:
        yield f"    {_title(server)} at {server.base_url}: {'' if server.models else 'no models'}".rstrip()
        yield from (f"      {server.name}/{model}" for model in server.models[:_SHOWN_MODELS])
        if len(server.models) > _SHOWN_MODELS:
            yield f"      and {len(server.models) - _SHOWN_MODELS} more (--json shows all)"


def _title(server: LocalServer) -> str:
    return TITLES.get(server.name, server.name)


def _of_steps(steps: Sequence[Step]) -> Iterator[str]:
    if steps:
        yield "Next:"
    for step in steps:
        yield f"    {step.says}"
        if step.command:
            yield f"      {step.command}"
