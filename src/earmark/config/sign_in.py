"""Who signs people in to the console besides one-time links: OpenID Connect providers, and whom their claims make."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from earmark.config.values import check_networks, check_url

SignInName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
_SCOPES = re.compile(r"[!#-\[\]-~]+(?: [!#-\[\]-~]+)*\Z")


def _check_issuer(issuer: str) -> str:
    check_url(issuer)
    return issuer  # compared as it is, with a slash at the end or without


def _check_scopes(scopes: str) -> str:
    if not _SCOPES.match(scopes) or "openid" not in scopes.split(" "):
        raise ValueError("must be scopes separated by blanks, openid among them")
    return scopes


class ClaimRule(BaseModel):
    """Whom a claim signs in as. The first rule that matches decides; nobody signs in without one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    claim: Annotated[str, Field(min_length=1, max_length=200)]
    """The claim that is compared: `groups`, `email`, `hd`; in claims that hold others `realm_access.roles`."""
    equals: str | bool | int | None = None
    """The claim must have this value."""
    contains: str | None = None
    """The claim must be a list that has this value."""
    project: Annotated[str, Field(pattern=r"^proj_[A-Za-z0-9]{1,64}$")]
    """The project's id, as `earmark projects list` shows it."""
    mode: Literal["live", "test"] = "live"
    """Whether live or test data are meant."""
    role: Literal["owner", "person"]
    """`owner`: the whole project, as a secret key reaches it; `person`: one end user."""
    external_id_claim: Annotated[str, Field(min_length=1, max_length=200)] = "sub"
    """The claim that holds the end user's `external_id`."""
    create: bool = False
    """Whether an end user that does not exist is created."""

    @model_validator(mode="after")
    def _compares_one_way(self) -> ClaimRule:
        if (self.equals is None) == (self.contains is None):
            raise ValueError("a rule needs either equals or contains")
        return self


class OidcSettings(BaseModel):
    """An OpenID Connect provider: Keycloak, Entra ID, Okta, Google, Authentik and others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Annotated[str, AfterValidator(_check_issuer)]
    """The issuer's URL, exactly as the provider writes it; its discovery document lies below it."""
    client_id: Annotated[str, Field(min_length=1, max_length=500)]
    """The id that the provider gave this server."""
    client_secret: SecretStr | None = None
    """Its secret; public clients have none."""
    label: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """What the button on the sign-in page says; default: the provider's name in these settings."""
    scopes: Annotated[str, AfterValidator(_check_scopes)] = "openid email profile"
    """The scopes to ask for."""
    rules: tuple[ClaimRule, ...] = ()
    """Who may sign in, and as whom: a list of rules, the first that matches decides."""


class SignInSettings(BaseModel):
    """Sign-in by OpenID Connect."""

    oidc: dict[SignInName, OidcSettings] = {}
    """Providers by a name you choose: `EARMARK_OIDC__COMPANY__ISSUER`, …; needs `pip install 'earmark[oidc]'`."""
    oidc_private_networks: Annotated[str, AfterValidator(check_networks)] = ""
    """Private networks (`10.20.0.0/16, 127.0.0.1`) whose providers may be asked, also without TLS."""
