"""The configuration of projects and end users over HTTP: resolved, merged, checked, recorded."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from earmark.identity.audit import walk_events
from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from tests.http.conftest import Library
from tests.server import ProjectKeys, Server, new_bound_key

DEFAULTS = {
    "auto_transcription": {"enabled": False},
    "auto_summary": {"enabled": False, "template": "tmpl_general_notes"},
    "auto_embedding": {"enabled": True},
    "auto_enhancement": {"enabled": False},
}


@pytest.fixture
def client(server: Server, project: ProjectKeys) -> httpx.Client:
    return server.client(project.live)


def _put(client: httpx.Client, path: str, body: Any) -> dict[str, Any]:
    answer = client.put(f"/v1/{path}", json=body)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def _get(client: httpx.Client, path: str) -> dict[str, Any]:
    answer = client.get(f"/v1/{path}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def test_the_schema_names_both_sections_with_their_defaults(client: httpx.Client) -> None:
    sections = {one["section"]: one for one in _get(client, "config/schema")["data"]}
    assert sections["processing"]["defaults"] == DEFAULTS
    assert sections["retention"]["defaults"] == {"audio_days": None, "transcript_days": None, "session_days": None}
    for name, section in sections.items():
        assert set(section) == {"section", "description", "defaults", "levels", "merge_strategy"}
        assert section["merge_strategy"] == "merge_deep"
        assert _get(client, f"config/schema/{name}") == section


def test_what_nobody_set_is_the_default(client: httpx.Client) -> None:
    shown = _get(client, "config/processing")
    assert (shown["value"], shown["source"]) == (DEFAULTS, "default")
    assert shown["definition"] == _get(client, "config/schema/processing")


def test_a_template_that_does_not_exist_is_refused(client: httpx.Client, project: ProjectKeys) -> None:
    user = client.post("/v1/end-users", json={}).json()["id"]
    for path in (f"projects/{project.id}/config/processing", f"end-users/{user}/config/processing"):
        answer = client.put(f"/v1/{path}", json={"auto_summary": {"template": "tmpl_unknown"}})
        assert (answer.status_code, answer.json()["error"]["param"]) == (404, "auto_summary.template")
    assert _get(client, "config/processing")["source"] == "default"


def test_levels_are_merged_deeply_and_the_nearest_that_sets_anything_is_the_source(
    client: httpx.Client, project: ProjectKeys
) -> None:
    user = Library(client).user()
    of_project, of_user = f"projects/{project.id}/config/processing", f"end-users/{user}/config/processing"
    changed = _put(client, of_project, {"auto_summary": {"enabled": True}, "auto_transcription": {"enabled": True}})
    assert changed["source"] == "project"
    assert changed["value"]["auto_summary"] == {"enabled": True, "template": "tmpl_general_notes"}
    assert changed == _get(client, "config/processing") == _get(client, of_user)
    changed = _put(client, of_user, {"auto_summary": {"template": "tmpl_sales_call"}})
    assert changed["source"] == "end_user"
    assert changed["value"]["auto_summary"] == {"enabled": True, "template": "tmpl_sales_call"}
    assert changed["value"]["auto_transcription"] == {"enabled": True}
    assert changed == _get(client, of_user)
    assert _get(client, "config/processing")["value"]["auto_summary"]["template"] == "tmpl_general_notes"
    _put(client, of_project, {"auto_summary": {"enabled": False}})
    assert _get(client, of_user)["value"]["auto_summary"] == {"enabled": False, "template": "tmpl_sales_call"}


@pytest.mark.parametrize(
    "unset", [{"auto_summary": None}, {"auto_summary": {"enabled": None, "template": None}}], ids=["whole", "each key"]
)
def test_null_unsets_a_part_so_that_the_level_below_applies_again(
    client: httpx.Client, project: ProjectKeys, unset: dict[str, Any]
) -> None:
    user = Library(client).user()
    path = f"end-users/{user}/config/processing"
    before = _get(client, path)
    _put(client, path, {"auto_summary": {"enabled": True, "template": "tmpl_sales_call"}})
    assert _put(client, path, unset) == before
    assert before["source"] == "default"


def test_an_empty_change_and_the_same_value_again_change_nothing(client: httpx.Client, project: ProjectKeys) -> None:
    path = f"projects/{project.id}/config/retention"
    once = _put(client, path, {"audio_days": 30})
    assert once["value"] == {"audio_days": 30, "transcript_days": None, "session_days": None}
    assert client.put(f"/v1/{path}").json() == once
    assert _put(client, path, {"audio_days": 30.0}) == once
    assert _put(client, path, {"audio_days": None})["source"] == "default"


def test_live_and_test_data_are_configured_apart(server: Server, client: httpx.Client, project: ProjectKeys) -> None:
    _put(client, f"projects/{project.id}/config/processing", {"auto_embedding": {"enabled": False}})
    assert _get(server.client(project.test), "config/processing")["source"] == "default"


def test_an_end_users_credential_gets_its_own_value(server: Server, client: httpx.Client, project: ProjectKeys) -> None:
    user, other = Library(client).user(), Library(client).user()
    _put(client, f"end-users/{user}/config/processing", {"auto_enhancement": {"enabled": True}})
    bound = server.client(new_bound_key(server.place, project.id, user))
    token = server.client(client.post(f"/v1/end-users/{user}/tokens").json()["token"])
    for own in (bound, token):
        assert _get(own, "config/processing")["source"] == "end_user"
        assert own.get(f"/v1/end-users/{other}/config/processing").status_code == 404
        assert own.put(f"/v1/projects/{project.id}/config/processing", json={}).status_code == 403
    assert (
        bound.put(f"/v1/end-users/{user}/config/processing", json={"auto_summary": {"enabled": True}}).status_code
        == 200
    )
    assert bound.put(f"/v1/end-users/{user}/config/retention", json={"audio_days": 1}).status_code == 403
    assert token.put(f"/v1/end-users/{user}/config/processing", json={}).status_code == 403


BAD = [
    ("processing", {"auto_sumary": {"enabled": True}}, "auto_sumary"),
    ("processing", {"auto_summary": {"enable": True}}, "auto_summary.enable"),
    ("processing", {"auto_summary": {"enabled": 1}}, "auto_summary.enabled"),
    ("processing", {"auto_summary": {"enabled": "true"}}, "auto_summary.enabled"),
    ("processing", {"auto_summary": True}, "auto_summary"),
    ("processing", {"auto_embedding": {"enabled": True, "template": "tmpl_x"}}, "auto_embedding.template"),
    ("processing", {"auto_summary": {"template": "general"}}, "auto_summary.template"),
    ("processing", {"auto_summary": {"template": "tmpl_"}}, "auto_summary.template"),
    ("processing", {"auto_summary": {"template": "tmpl_a\n"}}, "auto_summary.template"),
    ("processing", {"auto_summary": {"template": "tmpl_" + "a" * 65}}, "auto_summary.template"),
    ("processing", {"auto_summary": []}, "auto_summary"),
    ("retention", {"audio_days": 0}, "audio_days"),
    ("retention", {"audio_days": -1}, "audio_days"),
    ("retention", {"audio_days": 36_501}, "audio_days"),
    ("retention", {"audio_days": 1e300}, "audio_days"),
    ("retention", {"audio_days": 10**30}, "audio_days"),
    ("retention", {"audio_days": 1.5}, "audio_days"),
    ("retention", {"audio_days": True}, "audio_days"),
    ("retention", {"audio_days": "30"}, "audio_days"),
    ("retention", {"auto_summary": {"enabled": True}}, "auto_summary"),
    ("retention", {"": 5}, None),
]


@pytest.mark.parametrize(("section", "body", "param"), BAD)
def test_a_wrong_key_or_value_is_refused_and_named(
    client: httpx.Client, project: ProjectKeys, section: str, body: Any, param: str | None
) -> None:
    user = Library(client).user()
    for path in (f"projects/{project.id}", f"end-users/{user}"):
        answer = client.put(f"/v1/{path}/config/{section}", json=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"].get("param") == param
        assert client.get(f"/v1/config/{section}").json()["source"] == "default"


def test_an_unknown_section_is_refused_after_the_object_of_the_path(client: httpx.Client, project: ProjectKeys) -> None:
    user = Library(client).user()
    asked = [
        client.put(f"/v1/projects/{project.id}/config/speed", json={}),
        client.put(f"/v1/end-users/{user}/config/speed", json={}),
        client.get("/v1/config/speed"),
        client.get("/v1/config/schema/speed"),
        client.get(f"/v1/end-users/{user}/config/speed"),
    ]
    assert [(one.status_code, one.json()["error"]["param"]) for one in asked] == [(400, "section")] * 5
    elsewhere = f"proj_{'x' * 24}"
    for path in (f"projects/{elsewhere}", "projects/nonsense", f"end-users/eu_{'x' * 24}"):
        assert client.put(f"/v1/{path}/config/speed", json={}).status_code == 404
        assert client.put(f"/v1/{path}/config/processing", json={"nonsense": 1}).status_code == 404


def test_changes_are_recorded_with_who_made_them(server: Server, client: httpx.Client, project: ProjectKeys) -> None:
    user = Library(client).user()
    _put(client, f"projects/{project.id}/config/processing", {"auto_summary": {"enabled": True}})
    _put(client, f"projects/{project.id}/config/processing", {"auto_summary": {"enabled": True}})  # no change
    _put(client, f"end-users/{user}/config/retention", {"session_days": 90})

    async def recorded(runtime: Runtime) -> list[tuple[str, str | None, bool]]:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        events = [event async for event in walk_events(tenant)]
        return [
            (one.action, one.object_id, one.actor.startswith("key_"))
            for one in events
            if one.action.endswith(".changed")
        ]

    assert server.place.run(recorded) == [("processing.changed", project.id, True), ("retention.changed", user, True)]


def test_a_deleted_end_users_configuration_is_gone(client: httpx.Client) -> None:
    user = Library(client).user()
    _put(client, f"end-users/{user}/config/retention", {"session_days": 90})
    assert client.delete(f"/v1/end-users/{user}").status_code == 204
    assert client.get(f"/v1/end-users/{user}/config/retention").status_code == 404
