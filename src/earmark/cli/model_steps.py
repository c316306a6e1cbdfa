"""Lists the next steps to set up a language model, as sentences with commands."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import earmark
from earmark.llm.local_servers import TITLES, LocalServer
from earmark.llm.overview import ConfiguredModel, Overview
from earmark.llm.sdks import install_command, is_sdk_installed, sdk_of

_MOST_CHOICES: Final = 4
_SDK_NAMES: Final = {
    "openai": "OpenAI's SDK, which local servers need too",
    "claude": "Anthropic's SDK",
    "gemini": "Google's SDK",
}
_Choice = tuple[str, str, str | None]
"""A provider, its model, and its URL if no setting has it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a sentence and possibly a command."""

    says: str
    command: str | None = None


def next_steps(overview: Overview) -> list[Step]:
    """Return the next steps, in order."""
    steps: list[Step] = []
    if overview.problem:
        back = _earmark("models", "use", "earmark") if overview.default_model is None else None
        steps.append(Step(f"A server would not start with these settings. {overview.problem}", back))
    default = overview.default_model
    if default is None or default.provider == "earmark":
        steps += _choices(overview)
    else:
        steps += _of_default(default, overview.servers)
    return list(dict.fromkeys(steps))


def steps_after(provider: str) -> list[Step]:
    """Return the steps that remain after setting the default provider."""
    if provider == "earmark":
        return []
    steps = [step] if (step := sdk_step(provider)) else []
    if provider == "ollama":
        says = "Ollama truncates prompts that exceed its own context: run it with OLLAMA_CONTEXT_LENGTH=8192 or more"
        steps.append(Step(f"{says}, or set a lower context_tokens."))
    return steps


def sdk_step(provider: str) -> Step | None:
    """Return the step that installs a provider's SDK, None if it is installed."""
    if is_sdk_installed(provider):
        return None
    return Step(f"Install {_SDK_NAMES[sdk_of(provider)]}.", _install(provider))


def _choices(overview: Overview) -> Iterator[Step]:
    """Yield the steps to each available language model."""
    choices = [*_of_servers(overview), *_of_configured(overview)]
    for provider, model, base_url in choices[:_MOST_CHOICES]:
        if step := sdk_step(provider):
            yield step
        at = () if base_url is None else ("--base-url", base_url)
        command = _earmark("models", "use", f"{provider}/{model}", *at)
        yield Step(f"Make {TITLES.get(provider, provider)} the default.", command)
    if not choices:
        yield from _without_any(overview.servers)


def _of_servers(overview: Overview) -> Iterator[_Choice]:
    """Yield a model of each running server: the configured one if it has it."""
    configured = {one.provider: one.model for one in overview.configured if one.has_model}
    for server in overview.servers:
        model = configured.get(server.name) or server.chat_model
        if model is not None:
            yield server.name, model, None if server.name in overview.names else server.base_url


def _of_configured(overview: Overview) -> Iterator[_Choice]:
    """Yield vendors and the servers of other machines."""
    for one in overview.configured:
        if one.provider != "earmark" and one.answers is None:
            yield one.provider, one.model, None


def _without_any(servers: Sequence[LocalServer]) -> Iterator[Step]:
    if any(one.name == "ollama" for one in servers):
        yield Step("Ollama has no model to chat with yet; get one, then run this again.", "ollama pull llama3.2")
        return
    if servers:
        yield Step(f"Load a model in {TITLES.get(servers[0].name, servers[0].name)}, then run this again.")
        return
    yield Step("No model server answers on this machine: start Ollama, LM Studio or another one, then run this again.")
    yield Step("Or set a vendor's key (EARMARK_OPENAI__API_KEY, EARMARK_CLAUDE__API_KEY, EARMARK_GEMINI__API_KEY).")


def _of_default(default: ConfiguredModel, servers: Sequence[LocalServer]) -> Iterator[Step]:
    if step := sdk_step(default.provider):
        yield step
    if default.answers is False:
        yield Step(f"{TITLES.get(default.provider, default.provider)} at {default.base_url} does not answer; start it.")
    elif default.has_model is False:
        found = next(one for one in servers if one.name == default.provider)
        model = found.chat_model
        command = _earmark("models", "use", f"{found.name}/{model}") if model else None
        yield Step(f"{default.provider} has no model {default.model}; install it or use another one.", command)
    elif step is None:
        yield Step("Test the default model.", _earmark("doctor", "--models"))


def _earmark(*arguments: str) -> str:
    """Return a command that is safe to paste: model names are untrusted."""
    beside = Path(sys.executable).with_name("earmark")
    name = "earmark" if shutil.which("earmark") or not beside.is_file() else str(beside)
    return shlex.join([name, *arguments])


def _install(provider: str) -> str:
    root = Path(earmark.__file__).resolve().parents[2]
    if not ((root / "Makefile").is_file() and (root / "pyproject.toml").is_file()):  # not the repository
        return f"pip install 'earmark[{sdk_of(provider)}]'"
    command = install_command(provider)
    return command if Path.cwd() == root else command.replace("make", f"make -C {shlex.quote(str(root))}", 1)
