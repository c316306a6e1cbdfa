"""`/v1/models`: which language models answer, and for owners whether they do."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.pipeline import ANY_SCOPE, Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.wire.models import (
    ModelServersShown,
    ModelsShown,
    ModelTestBody,
    ModelTestShown,
    model_to_wire,
    server_to_wire,
)
from earmark.errors import ForbiddenError, ProviderError
from earmark.llm.local_servers import find_local_servers, serves_own_machine
from earmark.llm.providers import UnknownProviderError
from earmark.llm.trying import try_model

routes = Routes("Models")


@routes.add("GET", "/models", Rules("ask:read"), answers={200: ModelsShown})
async def list_models(call: Call) -> Reply:
    """List the configured language models: the names that `provider` may have in questions, and the default."""
    providers = call.runtime.turns.providers
    project_id = call.tenant.key.project_id
    default, setting = providers.choose(None, project_id)[0].model, providers.setting_of_default(project_id)
    return json_reply({"data": [model_to_wire(one, default, setting) for one in providers.models]})


@routes.add("POST", "/models/test", Rules(ANY_SCOPE, is_project_wide=True, is_unrestricted=True, retry="none"),
            answers={200: ModelTestShown}, errors=[ForbiddenError, UnknownProviderError, ProviderError])  # fmt: skip
async def test_model(call: Call, body: ModelTestBody) -> Reply:
    """Send a model a short prompt, for secret keys of the project; 502 with the reason if it fails."""
    (chosen,) = call.runtime.turns.providers.choose(body.provider)
    duration_ms = await try_model(chosen.model)
    return json_reply({"provider": chosen.provider, "model": chosen.model.model, "duration_ms": duration_ms})


@routes.add("GET", "/models/servers", Rules(ANY_SCOPE, is_project_wide=True, is_unrestricted=True),
            answers={200: ModelServersShown}, errors=[ForbiddenError])  # fmt: skip
async def list_model_servers(call: Call) -> Reply:
    """Find Ollama, LM Studio and other model servers on the server's machine, if it serves that machine only."""
    settings = call.runtime.settings
    servers = await find_local_servers(settings) if serves_own_machine(settings) else []
    return json_reply({"data": [server_to_wire(one) for one in servers]})
