"""Kinds of value that several settings share: URLs, networks, names of models and servers."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

ModelName = Annotated[str, Field(max_length=200)]


def _check_name(name: str) -> str:
    if name in ("earmark", "gemini", "openai", "claude"):
        raise ValueError(f"{name} is a reserved name; choose another one")
    return name


ServerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$"), AfterValidator(_check_name)]


def check_url(url: str) -> str:
    """Return an http or https URL without a trailing slash.

    Raises: ValueError.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an http or https URL without a query")
    return url.rstrip("/")


def unset_if_empty(value: object) -> object:
    """Return None for an empty text: a variable that is set to nothing."""
    return None if value == "" else value


def check_networks(text: str) -> str:
    """Return a comma-separated list of addresses or networks.

    Raises: ValueError that doesn't repeat the list.
    """
    try:
        parse_networks(text)
    except ValueError as error:  # its message repeats the value
        raise ValueError("must be addresses or networks, separated by commas") from error
    return text


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks of a comma-separated list.

    Raises: ValueError.
    """
    return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())
