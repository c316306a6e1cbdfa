"""Checks whether a provider's SDK (an optional dependency) is installed; returns its install command."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

_MODULES: Final = {"openai": "openai", "claude": "anthropic", "gemini": "google.genai"}
_SHARED: Final = ("pydantic_ai", "httpx2")


def sdk_of(provider: str) -> str:
    """Return the SDK a provider needs, by vendor; compatible servers use `openai`."""
    return provider if provider in _MODULES else "openai"


def is_sdk_installed(provider: str) -> bool:
    """Whether the SDK that a provider needs can be imported."""
    return all(map(_is_there, (*_SHARED, _MODULES[sdk_of(provider)])))


def install_command(provider: str) -> str:
    """Return the command that installs the SDK, as typed in the folder of earmark's Makefile."""
    sdk = sdk_of(provider)
    return "make install-models" + ("" if sdk == "openai" else f" MODELS={sdk}")


def _is_there(module: str) -> bool:
    package, _, inner = module.partition(".")
    if find_spec(package) is None:
        return False
    return not inner or find_spec(module) is not None
