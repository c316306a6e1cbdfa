"""`earmark webhooks`, beside a running server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from cryptography.fernet import Fernet

from earmark.webhooks.signatures import Signable, sign
from tests.server import EARMARK, Place, new_project, running, wait_until
from tests.webhooks.receiver import receiving


def lines(place: Place, *arguments: str, check: bool = True) -> list[dict[str, object]]:
    done = place.cli("webhooks", *arguments, "--json", check=check)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_endpoint_is_made_tested_listed_and_resent_to(fresh_place: Place) -> None:
    keys = new_project(fresh_place)
    project = ("--project", keys.id)
    with running(fresh_place), receiving() as receiver:
        [made] = lines(fresh_place, "create", receiver.url, *project, "--event", "recording.created", "--text")
        assert (made["events"], made["include"]) == (["recording.created"], ["text"])
        assert str(made["secret"]).startswith("whsec_")
        [shown] = lines(fresh_place, "list", *project)
        assert "secret" not in shown
        [sent] = lines(fresh_place, "test", str(made["id"]), *project)
        receiver.wait()
        wait_until(lambda: lines(fresh_place, "deliveries", str(made["id"]), *project)[0]["status"] == "succeeded")
        [row] = lines(fresh_place, "deliveries", str(made["id"]), *project, "--status", "succeeded")
        assert row["id"] == sent["id"]
        assert lines(fresh_place, "resend", str(made["id"]), str(sent["id"]), *project)[0]["status"] == "pending"
        assert len({one.body for one in receiver.wait(2)}) == 1
        assert lines(fresh_place, "rotate-key") == [{"endpoints": 1}]
        lines(fresh_place, "test", str(made["id"]), *project)
        receiver.wait(3)
    assert "secrets" in fresh_place.cli("doctor").stdout


def test_what_a_receiver_got_is_verified(fresh_place: Place, tmp_path: Path) -> None:
    project = ("--project", new_project(fresh_place).id)
    [made] = lines(fresh_place, "create", "http://127.0.0.1:40999/hook", *project)
    body = tmp_path / "body.json"
    body.write_bytes(b'{"id":"evt_1"}')
    headers = sign(Signable("evt_1", 1_780_000_000, body.read_bytes()), str(made["secret"]))
    given = [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    verify = ("verify", str(made["id"]), str(body), *project, *given)
    assert lines(fresh_place, *verify, "--now", "1780000100") == [{"valid": True, "fault": None}]
    late = fresh_place.cli("webhooks", *verify, "--now", "1790000000", check=False)
    assert (late.returncode, "seconds from now" in late.stdout) == (1, True)
    body.write_bytes(b'{"id":"evt_1"} ')
    assert fresh_place.cli("webhooks", *verify, "--now", "1780000100", check=False).returncode == 1


def test_a_mistake_is_told_in_one_sentence(fresh_place: Place) -> None:
    project = ("--project", new_project(fresh_place).id)
    for arguments, code in (
        (("create", "https://10.0.0.1/", *project), 1),
        (("create", "https://8.8.8.8/", *project, "--event", "recording.painted"), 2),
        (("create", "https://8.8.8.8/", *project, "--mode", "both"), 2),
        (("test", "we_" + "x" * 24, *project), 1),
        (("deliveries", "we_" + "x" * 24, *project), 1),
        (("resend", "we_" + "x" * 24, "dlv_" + "x" * 24, *project), 1),
        (("verify", "we_x", "/nowhere", *project, "--header", "a: b"), 2),
    ):
        done = fresh_place.cli("webhooks", *arguments, check=False)
        assert (done.returncode, len(done.stderr.splitlines()), done.stdout) == (code, 1, ""), done.stderr


def test_a_backup_has_endpoints_and_without_the_key_doctor_says_so(fresh_place: Place, tmp_path: Path) -> None:
    project = ("--project", new_project(fresh_place).id)
    [made] = lines(fresh_place, "create", "http://127.0.0.1:40999/hook", *project)
    file = tmp_path / "all.zip"
    fresh_place.cli("backup", str(file))
    assert str(made["secret"]).encode() not in file.read_bytes()
    restored = Place(tmp_path / "restored")
    restored.cli("restore", str(file))
    assert [one["id"] for one in lines(restored, "list", *project)] == [made["id"]]
    done = restored.cli("doctor", check=False)
    assert done.returncode == 1
    assert "secrets.key" in done.stdout
    (restored.data_dir / "secrets.key").write_bytes((fresh_place.data_dir / "secrets.key").read_bytes())
    assert restored.cli("doctor").returncode == 0


def test_the_settings_key_encrypts_secrets_and_another_one_says_clearly_that_it_is_wrong(
    fresh_place: Place, tmp_path: Path
) -> None:
    project = ("--project", new_project(fresh_place).id)
    first, second = (Fernet.generate_key().decode() for _ in range(2))
    body = tmp_path / "body.json"
    body.write_bytes(b"{}")

    def webhooks(key: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**fresh_place.environment, "EARMARK_SECRETS_KEY": key}
        return subprocess.run([*EARMARK, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False)

    made = json.loads(webhooks(first, "webhooks", "create", "http://127.0.0.1:40999/hook", *project, "--json").stdout)
    assert not (fresh_place.data_dir / "secrets.key").exists()
    signed = sign(Signable("evt_1", 1_780_000_000, b"{}"), made["secret"])
    given = [part for name, value in signed.items() for part in ("--header", f"{name}: {value}")]
    verify = ("webhooks", "verify", made["id"], str(body), *project, *given, "--now", "1780000100")
    assert webhooks(first, *verify).returncode == 0
    wrong = webhooks(second, *verify)
    assert (wrong.returncode, wrong.stdout, len(wrong.stderr.splitlines())) == (1, "", 1)
    assert "can't be decrypted" in wrong.stderr
    assert "EARMARK_SECRETS_KEY" in wrong.stderr
    doctor = webhooks(second, "doctor")
    assert (doctor.returncode, "EARMARK_SECRETS_KEY" in doctor.stdout) == (1, True)
    assert webhooks(f"{second},{first}", *verify).returncode == 0  # the older one still decrypts
    assert webhooks(f"{second},{first}", "webhooks", "rotate-key").returncode == 0
    assert webhooks(second, *verify).returncode == 0
    malformed = webhooks("short", "doctor")
    assert malformed.returncode != 0
    assert "must be 32 bytes in URL-safe base64" in malformed.stdout + malformed.stderr
