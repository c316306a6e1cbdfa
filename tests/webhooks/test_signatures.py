"""Both forms of signature, by the package of Standard Webhooks, by the page's JavaScript, and by ourselves."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from earmark.webhooks.schedule import ATTEMPTS, PAUSES_S, pause_after
from earmark.webhooks.signatures import Signable, hint_of, new_secret, sign, verify
from tests.guides.pages import DOCS, blocks_of
from tests.server import Place, running

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="
BODY = b'{"id":"evt_1","type":"recording.created","data":{"name":"L\xc3\xa4rm"}}'
NOW = 1_780_000_000


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def test_a_secret_is_32_random_bytes_in_base64() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(base64.b64decode(one.removeprefix("whsec_"), validate=True)) for one in made} == {32}
    assert hint_of("whsec_AAAAbcde=") == "bcde"


def test_the_specifications_own_example_is_signed_as_it_says() -> None:
    what = Signable("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    headers = sign(what, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_package_of_standard_webhooks_accepts_what_is_signed_now_and_nothing_else() -> None:
    now = int(datetime.now(UTC).timestamp())
    headers = lower(sign(Signable("evt_1", now, BODY), SECRET))
    assert Webhook(SECRET).verify(BODY, headers) == json.loads(BODY)
    for wrong in (BODY + b" ", BODY.replace(b"evt_1", b"evt_2")):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(wrong, headers)
    for skew in (-400, 400):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(BODY, lower(sign(Signable("evt_1", now + skew, BODY), SECRET)))


def test_a_request_is_genuine_only_with_its_own_body_time_id_and_secret() -> None:
    headers = lower(sign(Signable("evt_1", NOW, BODY), SECRET))
    assert verify(headers, BODY, [SECRET], NOW) is None
    assert verify(headers, BODY, [new_secret(), SECRET], NOW + 299) is None
    only_bota = {name: value for name, value in headers.items() if name.startswith("x-bota")}
    assert verify(only_bota, BODY, [SECRET], NOW) is None
    for wrong in (
        (headers, BODY + b" ", [SECRET], NOW), (headers, BODY, [new_secret()], NOW), (headers, BODY, [SECRET], NOW + 301),
        (headers, BODY, [SECRET], NOW - 301), ({**headers, "webhook-id": "evt_2"}, BODY, [SECRET], NOW),
        ({**headers, "webhook-timestamp": str(NOW + 1)}, BODY, [SECRET], NOW), ({}, BODY, [SECRET], NOW),
        ({**headers, "x-bota-timestamp": "soon"}, BODY, [SECRET], NOW), (headers, BODY, [], NOW),
        ({**headers, "x-bota-signature": "v1=é"}, BODY, [SECRET], NOW),
    ):  # fmt: skip
        assert verify(*wrong) is not None, wrong


def test_during_a_grace_the_standard_header_has_both_signatures_and_botas_the_old_one() -> None:
    old = new_secret()
    headers = lower(sign(Signable("evt_1", NOW, BODY), SECRET, old))
    bota = {name: value for name, value in headers.items() if name.startswith("x-bota")}
    standard = {name: value for name, value in headers.items() if name.startswith("webhook")}
    assert verify(standard, BODY, [SECRET], NOW) is None
    assert verify(standard, BODY, [old], NOW) is None
    assert verify(bota, BODY, [old], NOW) is None
    assert verify(bota, BODY, [SECRET], NOW) is not None


def test_the_javascript_of_the_page_tells_genuine_requests_from_others(place: Place, tmp_path: Path) -> None:
    """In Node where it is installed, else in a browser."""
    code = next(one.text for one in blocks_of(DOCS / "guides" / "webhooks.md") if "isGenuine" in one.text)
    good = lower(sign(Signable("evt_1", NOW, BODY), SECRET, new_secret()))
    good |= {name: value for name, value in lower(sign(Signable("evt_1", NOW, BODY), SECRET)).items() if "bota" in name}
    other = lower(sign(Signable("evt_1", NOW, BODY), new_secret()))
    cases = [
        (good, BODY, NOW), (good, BODY, NOW + 299), (good, BODY, NOW + 301), (good, BODY + b" ", NOW), (other, BODY, NOW),
        ({}, BODY, NOW), ({**good, "webhook-signature": "v1,"}, BODY, NOW), ({**good, "webhook-timestamp": "x"}, BODY, NOW),
        ({**good, "x-bota-signature": ""}, BODY, NOW),
    ]  # fmt: skip
    told = json.dumps([[headers, list(body), now] for headers, body, now in cases])
    with running(place) as server:
        driver = f"""// {server.base_url}
const found = [];
for (const [headers, body, now] of {told}) found.push(await isGenuine(headers, new Uint8Array(body), "{SECRET}", now));
console.log(JSON.stringify(found));
"""
        file = tmp_path / "check.mjs"
        file.write_text(code + driver, encoding="utf-8")
        node = (
            [shutil.which("node") or ""]
            if shutil.which("node")
            else [sys.executable, "-m", "tests.guides.node_in_chromium"]
        )
        done = subprocess.run([*node, str(file)], capture_output=True, text=True, timeout=120, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, True, *[False] * 7]


# ---- the schedule ------------------------------------------------------------------------------------


def test_attempts_follow_the_contracts_schedule_with_a_tenth_of_jitter() -> None:
    assert (PAUSES_S, ATTEMPTS) == ((60, 300, 1_800, 7_200, 28_800), 6)
    for step, pause_s in enumerate(PAUSES_S, start=1):
        found = [pause_after(step, {}, 0) or 0.0 for _ in range(200)]
        assert 0.9 * pause_s <= min(found) < max(found) <= 1.1 * pause_s
    assert pause_after(6, {"retry-after": "10"}, 0) is None


@pytest.mark.parametrize(
    ("said", "least_s", "most_s"),
    [
        ("600", 600, 600), ("5", 54, 66), ("999999", 86_400, 86_400), ("99999999999999999999", 54, 66), ("-5", 54, 66),
        ("soon", 54, 66), ("", 54, 66), ("Thu, 01 Jan 1970 00:20:00 GMT", 1_200, 1_200), ("٣", 54, 66),
        ("Thu, 01 Jan 1970 00:20:00", 54, 1_200), ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400, 86_400),
    ],
)  # fmt: skip
def test_retry_after_is_heeded_up_to_a_day(said: str, least_s: float, most_s: float) -> None:
    assert least_s <= (pause_after(1, {"retry-after": said}, 0) or 0) <= most_s
