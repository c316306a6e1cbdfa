"""Files for containers, systemd and monitoring name things that exist. No container engine is needed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from scripts import write_dashboard
from scripts.docs_pages.commands import walk

from earmark.cli.main import app
from earmark.config import Settings
from earmark.metrics import FAMILIES
from tests.meta.sources import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
COMPOSE = sorted((DEPLOY / "compose").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMMANDS = dict(walk(typer.main.get_command(app), "earmark"))
CONTAINERFILE = (REPOSITORY / "Containerfile").read_text(encoding="utf-8")


def check_command(words: list[str]) -> None:
    """Check that a command with its options exists."""
    path = next((words[:n] for n in (3, 2) if " ".join(words[:n]) in COMMANDS), None)
    assert path is not None, words
    options = {name for one in COMMANDS[" ".join(path)].params for name in one.opts}
    assert {word for word in words if word.startswith("--")} <= options, words


def instructions() -> list[tuple[str, str]]:
    """Return the Containerfile's instructions and their arguments."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", CONTAINERFILE, flags=re.MULTILINE))
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in joined.splitlines() if line]


def arguments(name: str) -> list[str]:
    return [said for one, said in instructions() if one == name]


def test_the_image_is_made_of_files_that_exist_and_are_sent_to_the_engine() -> None:
    allowed = (REPOSITORY / ".containerignore").read_text(encoding="utf-8")
    assert (REPOSITORY / ".dockerignore").read_text(encoding="utf-8") == allowed
    kept = {line[1:] for line in allowed.splitlines() if line.startswith("!")}
    copied = [word for said in arguments("COPY") if "--from" not in said for word in said.split()[:-1]]
    assert len(copied) >= 8
    assert [name for name in copied if not (REPOSITORY / name).exists()] == []
    assert {*copied} == kept
    assert {"tests", "bench", ".venv", "earmark-data"}.isdisjoint(kept)


def test_the_image_installs_what_the_locks_pin_and_has_its_weights() -> None:
    script = (DEPLOY / "install.sh").read_text(encoding="utf-8")
    assert "deploy/install.sh /opt/earmark" in arguments("RUN")
    assert (DEPLOY / "install.sh").stat().st_mode & 0o111
    files = re.findall(r"--requirement (\S+)", script)
    assert files == ["requirements.lock", "models.lock", "speech.lock"]
    assert script.count("--require-hashes") == len(files)
    assert "/opt/earmark /opt/earmark" in " ".join(arguments("COPY"))
    assert "PATH=/opt/earmark/bin:" in " ".join(arguments("ENV"))


def test_the_image_runs_as_a_numeric_user_that_is_not_root() -> None:
    (user,) = arguments("USER")
    uid, gid = user.split(":")
    assert int(uid) > 0
    assert f"--owner={uid} --group={gid} --mode=0700 /data" in " ".join(arguments("RUN"))
    assert (arguments("VOLUME"), arguments("WORKDIR")[-1], arguments("STOPSIGNAL")) == (["/data"], "/data", ["SIGTERM"])
    names = [name for name, _ in instructions()]
    assert names.index("USER") > max(at for at, name in enumerate(names) if name in {"RUN", "COPY"})


def test_the_image_needs_no_curl_and_names_no_moving_base() -> None:
    assert not re.search(r"\b(?:curl|wget|apt-get|sudo|ADD)\b", CONTAINERFILE)
    bases = arguments("ARG")
    assert [base for base in bases if ":" not in base or base.endswith(":latest")] == []


def test_the_images_commands_and_settings_exist() -> None:
    (health,) = arguments("HEALTHCHECK")
    check_command(json.loads(health.partition("CMD ")[2]))
    check_command([*json.loads(arguments("ENTRYPOINT")[0]), *json.loads(arguments("CMD")[0])])
    check_settings(re.findall(r"(EARMARK_\w+)=", " ".join(arguments("ENV"))))
    assert arguments("EXPOSE") == [str(Settings.model_fields["port"].default)]


def check_settings(names: list[str]) -> None:
    assert names
    assert [name for name in names if name.removeprefix("EARMARK_").lower() not in Settings.model_fields] == []


def services(file: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    return found


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.stem)
def test_a_compose_file_starts_earmark_without_rights_it_does_not_need(file: Path) -> None:
    one = services(file)["earmark"]
    assert (one["read_only"], one["cap_drop"], one["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert "user" not in one  # the image's
    assert one["volumes"] == ["data:/data"]
    assert (
        file.parent / one["build"]["context"] / one["build"]["dockerfile"]
    ).resolve() == REPOSITORY / "Containerfile"
    grace_s = float(one["stop_grace_period"].removesuffix("s"))
    assert grace_s >= Settings.model_fields["shutdown_grace_s"].default + 15
    check_command(["earmark", *one.get("command", ["serve"])])
    if "environment" in one:
        check_settings(list(one["environment"]))


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.stem)
def test_a_compose_file_mounts_and_asks_for_what_exists(file: Path) -> None:
    text, whole = file.read_text(encoding="utf-8"), yaml.safe_load(file.read_text(encoding="utf-8"))
    for one in services(file).values():
        for source in (volume.split(":")[0] for volume in one.get("volumes", [])):
            assert (file.parent / source).is_file() if source.startswith(".") else source in whole["volumes"]
        assert {*one.get("networks", [])} <= {*whole.get("networks", [])}
        assert {*one.get("depends_on", [])} <= {*services(file)}
        assert not one["image"].endswith(":latest") or one["image"].startswith("localhost/")
    head = "".join(re.findall(r"^#.*\n", text, re.MULTILINE))
    assert {name for name in re.findall(r"\$\{(\w+)", text) if name not in head} == set()
    assert re.search(r"docs/[\w/]+\.md", head)


def test_the_proxy_is_trusted_streams_and_hides_the_metrics() -> None:
    file = DEPLOY / "compose" / "postgresql.yaml"
    whole = yaml.safe_load(file.read_text(encoding="utf-8"))
    network = whole["networks"]["proxied"]["ipam"]["config"][0]["subnet"]
    assert whole["services"]["earmark"]["environment"]["EARMARK_TRUSTED_PROXIES"] == network
    assert "ports" not in whole["services"]["earmark"]
    caddy = (DEPLOY / "compose" / "Caddyfile").read_text(encoding="utf-8")
    assert all(part in caddy for part in ("reverse_proxy earmark:8787", "flush_interval -1", "path /metrics", "/ready"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_commands_that_exist_as_nobody_special(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    started = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    assert started
    for line in started:
        program, *rest = shlex.split(line)
        assert program == "/opt/earmark/bin/earmark"
        check_command(["earmark", *rest])
    assert "User=earmark" in text
    assert "NoNewPrivileges=yes" in text


def test_the_timer_starts_a_unit_that_exists() -> None:
    (timer,) = (DEPLOY / "systemd").glob("*.timer")
    assert timer.with_suffix(".service") in UNITS


# ---- monitoring --------------------------------------------------------------------------------------

OBSERVE = (REPOSITORY / "docs" / "guides" / "observe.md").read_text(encoding="utf-8")
LABELS = {
    name: set(re.findall(r"`(\w+)`", said.partition("(")[0]))
    for name, said in re.findall(r"^\| `(earmark_\w+)` \|(.*)\|$", OBSERVE, re.MULTILINE)
}
ALERTS = yaml.safe_load((DEPLOY / "monitoring" / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds."""


def expressions() -> Iterator[str]:
    """Yield every expression of the dashboard and the alerts."""
    for panel in json.loads(write_dashboard.render())["panels"]:
        yield from (one["expr"] for one in panel.get("targets", ()))
    yield from (rule["expr"] for rule in ALERTS)


def test_the_guide_names_every_metric() -> None:
    assert set(LABELS) == set(FAMILIES)


def test_the_dashboard_is_what_its_script_writes() -> None:
    assert write_dashboard.PAGE.read_text(encoding="utf-8") == write_dashboard.render()


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_an_expression_names_metrics_and_labels_that_exist(expression: str) -> None:
    named = re.findall(r"earmark_\w+", expression)
    assert named or expression.startswith("up{")
    families = {family_of(name) for name in named}
    known = SCRAPED.union(*(LABELS[family] for family in families))
    known |= {"le"} if any(FAMILIES[family][0] == "histogram" for family in families) else set()
    matched = set(re.findall(r'(\w+)\s*=~?"', expression))
    grouped = {word for one in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression) for word in re.findall(r"\w+", one)}
    assert matched | grouped <= known


def family_of(name: str) -> str:
    """Return the metric of a series, which of a histogram has a suffix."""
    if name in FAMILIES:
        return name
    family = re.sub(r"_(?:bucket|sum|count)$", "", name)
    assert FAMILIES.get(family, ("", ""))[0] == "histogram", name
    return family


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_has_its_runbook(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (\w+)$", (REPOSITORY / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {heading.lower() for heading in headings}
    assert rule["alert"] in headings
    assert fnmatch(rule["alert"], "Earmark*")


def test_every_runbook_is_of_an_alert() -> None:
    headings = re.findall(
        r"^## (Earmark\w+)$", (REPOSITORY / "docs/guides/runbooks.md").read_text("utf-8"), re.MULTILINE
    )
    assert set(headings) == {rule["alert"] for rule in ALERTS}
