"""`make demo`: imports the sample library, creates a key, prints example commands, starts the server."""

from __future__ import annotations

import asyncio
import shlex
import sys
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import orjson
import typer

from earmark.cli.console_link import link_of
from earmark.cli.serving import address_of, bind, run_server
from earmark.config import Settings, load_settings
from earmark.identity.keys import create_key, list_keys, revoke_key
from earmark.identity.projects import create_project, get_tenant, list_projects
from earmark.identity.sign_in import create_code
from earmark.identity.types import NewKey
from earmark.imports.archives import local_file
from earmark.imports.importing import Importer
from earmark.imports.types import Choices, Group, Outcome
from earmark.library.end_users import create_end_user, find_end_user
from earmark.processing.config import resolve, set_for_project
from earmark.processing.sections import PROCESSING
from earmark.processing.setup import AUTOMATIC
from earmark.runtime import Runtime, check_settings, open_runtime
from earmark.storage.tenant import Tenant

PROJECT_NAME = "earmark demo"
KEY_LABEL = "make demo"
QUESTION = "When did we move the launch, and why?"
SEARCH = "who disagreed about the price"
HEARD = ("mara", "memo-colours-and-cover")
"""The recording that a new user is offered to have transcribed: five minutes of English by one speaker."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo's project, key, sign-in code and imported recordings."""

    key: str
    link_code: NewKey
    project_id: str
    end_user_id: str
    heard_id: str
    imported: int
    recordings: int


def demo(
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to bind (default 8787).")] = None,
) -> None:
    """Import the sample library, print example commands, and run the server until Ctrl-C."""
    settings = load_settings(port=port)
    check_settings(settings)
    listener = bind(settings)  # before the import, so that a port in use fails at once

    async def prepare() -> Demo:
        async with open_runtime(settings) as runtime:
            return await _prepare(runtime)

    ready = asyncio.run(prepare())
    address = address_of(listener)
    print(_render(ready, address, settings), flush=True)
    run_server(settings, listener)


async def _prepare(runtime: Runtime) -> Demo:
    projects = [one for one in await list_projects(runtime.operator) if one.name == PROJECT_NAME]
    project = projects[0] if projects else await create_project(runtime.operator, PROJECT_NAME)
    tenant = await get_tenant(runtime.operator, project.id, "test")
    if (await resolve(tenant, PROCESSING, None)).source == "default":  # what somebody set since stays
        await set_for_project(tenant, PROCESSING, AUTOMATIC)
    with as_file(files("earmark") / "sample") as folder:
        outcomes = await _import_sample(runtime, tenant, folder)
    for old in await list_keys(tenant):
        if old.label == KEY_LABEL and old.revoked_us is None:
            await revoke_key(tenant, old.id)
    key = await create_key(tenant, label=KEY_LABEL)
    code = await create_code(tenant)
    asker = await find_end_user(tenant, min(outcomes))
    assert asker is not None
    found = [outcome for some in outcomes.values() for outcome in some]
    (heard,) = (one.recording_id for one in outcomes[HEARD[0]] if Path(one.file).stem == HEARD[1])
    imported = sum(one.status == "imported" for one in found)
    return Demo(key.secret, code, project.id, asker.id, heard or "", imported, len(found))


async def _import_sample(runtime: Runtime, tenant: Tenant, folder: Path) -> dict[str, list[Outcome]]:
    outcomes: dict[str, list[Outcome]] = {}
    for person in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("_")):
        user = await find_end_user(tenant, person.name) or await create_end_user(tenant, external_id=person.name)
        owner = tenant.acting_for(user.id, user.number)
        importer = Importer(runtime.ingester, runtime.media, owner)
        for path in sorted(person.glob("*.json")):
            group = Group(local_file(path), local_file(path.with_suffix(".opus")))
            async for outcome in importer.run(group, Choices()):
                outcomes.setdefault(person.name, []).append(outcome)
                if outcome.status == "imported":
                    print(f"  imported {person.name}/{path.name}", file=sys.stderr)
    return outcomes


def _command(settings: Settings, address: str, demo: Demo, *wanted: str) -> str:
    """Return a command of the CLI about the demo's project, complete for any terminal."""
    beside = Path(sys.executable).with_name("earmark")
    command = [str(beside)] if beside.is_file() else [sys.executable, "-m", "earmark"]
    where = [f"EARMARK_PORT={urlsplit(address).port}", f"EARMARK_DATA_DIR={settings.data_dir.absolute()}"]
    return shlex.join(["env", *where, *command, *wanted, "--project", demo.project_id, "--mode", "test"])


def _render(demo: Demo, address: str, settings: Settings) -> str:
    auth = f'-H "Authorization: Bearer {demo.key}"'
    as_json = '-H "Content-Type: application/json"'
    ask = {
        "scope": {"type": "library"},
        "end_user_id": demo.end_user_id,
        "initial_message": {"content": QUESTION},
    }
    search = {"query": SEARCH, "end_user_id": demo.end_user_id, "limit": 3}
    loaded = f"{demo.recordings} sample recordings" + (" (already imported)" if not demo.imported else "")
    return f"""
earmark is ready: {loaded}.

  console  {link_of(address, demo.link_code)}
           (valid once, for ten minutes)
  API      {address}/v1
  docs     {address}/docs
  key      {demo.key}

List the Ask sessions:
  curl -s "{address}/v1/ask/sessions?limit=20" {auth}

Ask a question:
  curl -s {address}/v1/ask/sessions {auth} {as_json} -d '{orjson.dumps(ask).decode()}'

Search:
  curl -s {address}/v1/recordings/search {auth} {as_json} -d '{orjson.dumps(search).decode()}'

Have one of the recordings transcribed; what is heard replaces the transcript that came with it:
  {_command(settings, address, demo, "transcribe", demo.heard_id)}

Print another link to the console:
  {_command(settings, address, demo, "console-link")}

Ctrl-C stops the server; the data is not deleted.
"""
