"""`earmark mcp grants`: listed and revoked beside a running server."""

from __future__ import annotations

import json

from earmark.identity.projects import get_tenant
from earmark.library.end_users import get_end_user
from earmark.oauth.grants import give_grant
from earmark.oauth.tokens import exchange_code
from earmark.oauth.types import SCOPES, Asked, Checked, Client, Tokens
from earmark.runtime import Runtime
from tests.assistants import post, rpc
from tests.http.conftest import Library
from tests.server import Place, new_project, running

CALLBACK = "http://127.0.0.1/callback"
CLIENT = Client("oac_" + "a" * 24, "Lantern", (CALLBACK,), is_document=False)
CHALLENGE, VERIFIER = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def grant(place: Place, project_id: str, user_id: str) -> Tokens:
    """Give an assistant access to one end user's recordings."""

    async def work(runtime: Runtime) -> Tokens:
        tenant = await get_tenant(runtime.operator, project_id, "live")
        user = await get_end_user(tenant, user_id)
        asked = Asked(CLIENT.id, CALLBACK, "code", CHALLENGE, "S256")
        code = await give_grant(
            tenant.acting_for(user.id, user.number), Checked(asked, CLIENT, SCOPES), actor="operator"
        )
        return await exchange_code(
            runtime.database, code, client_id=CLIENT.id, redirect_uri=CALLBACK, verifier=VERIFIER
        )

    tokens: Tokens = place.run(work)
    return tokens


def test_grants_are_listed_and_one_is_revoked_at_once(fresh_place: Place) -> None:
    keys = new_project(fresh_place)
    with running(fresh_place) as server, server.client(keys.live) as client:
        library = Library(client)
        mara, other = library.user(external_id="mara"), library.user(external_id="other")
        tokens = grant(fresh_place, keys.id, mara)
        grant(fresh_place, keys.id, other)

        def lines(*arguments: str) -> list[dict[str, object]]:
            done = fresh_place.cli("mcp", "grants", *arguments, "--project", keys.id, "--json")
            return [json.loads(line) for line in done.stdout.splitlines()]

        assert [one["end_user_id"] for one in lines("list")] == [other, mara]
        (mine,) = lines("list", "--end-user", "mara")
        assert (mine["client_name"], mine["scopes"]) == ("Lantern", sorted(SCOPES))
        with server.client(tokens.access) as assistant:
            assert post(assistant, rpc("ping")).status_code == 200
            assert lines("revoke", str(mine["id"])) == [{"id": mine["id"], "revoked": True}]
            assert post(assistant, rpc("ping")).status_code == 401
        assert [one["end_user_id"] for one in lines("list")] == [other]
        refused = fresh_place.cli("mcp", "grants", "revoke", str(mine["id"]), "--project", keys.id, check=False)
        assert (refused.returncode, refused.stderr.strip()) == (1, "earmark: No such grant.")
