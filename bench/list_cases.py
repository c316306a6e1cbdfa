"""The benchmark cases of the sessions list: pages, filters, titles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench import titles
from bench.bulk import NOW_US, TWO_YEARS_US, TenantPlan
from earmark.clock import render_time

FIRST, FIRST_100, DEEP = "first page", "first page, limit 100", "deep page, limit 100"

Params = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One case: `params` gives the query of its `number`-th run, so that pages vary."""

    name: str
    params: Callable[[TenantPlan, int], Params]


def _user(plan: TenantPlan, number: int) -> str:
    return plan.users[1 + number % (len(plan.users) - 1)]


def _at(share: float) -> str:
    """Return a moment of the two years covered by the sessions."""
    return render_time(NOW_US - TWO_YEARS_US + int(TWO_YEARS_US * share))


FILTERS = (
    Case("end_user_id, a tenth of all", lambda plan, _: {"end_user_id": plan.heavy}),
    Case("end_user_id, others", lambda plan, number: {"end_user_id": _user(plan, number)}),
    Case("scope_type=recording", lambda _, __: {"scope_type": "recording"}),
    Case("scope_type=selected", lambda _, __: {"scope_type": "selected"}),
    Case("scope_type=folder (none)", lambda _, __: {"scope_type": "folder"}),
    Case("recording_id, many sessions", lambda plan, _: {"recording_id": plan.recordings[plan.heavy][0]}),
    Case("recording_id, few", lambda plan, number: {"recording_id": plan.recordings[_user(plan, number)][7]}),
    Case("recording_id (none)", lambda _, number: {"recording_id": f"rec_none{number}"}),
    Case("active_after", lambda _, number: {"active_after": _at(0.5 + number % 40 / 100)}),
    Case("active_before", lambda _, number: {"active_before": _at(0.1 + number % 40 / 100)}),
    Case("active_after + active_before", lambda _, n: {"active_after": _at(0.3), "active_before": _at(0.4 + n / 1e4)}),
    Case("end_user_id + scope_type", lambda plan, _: {"end_user_id": plan.heavy, "scope_type": "selected"}),
    Case(
        "end_user_id + recording_id",
        lambda plan, _: {"end_user_id": plan.heavy, "recording_id": plan.recordings[plan.heavy][0]},
    ),
    Case(
        "end_user_id + recording_id of another's",
        lambda plan, number: {"end_user_id": _user(plan, number), "recording_id": plan.recordings[plan.heavy][0]},
    ),
    Case(
        "recording_id + scope_type",
        lambda plan, _: {"recording_id": plan.recordings[plan.heavy][0], "scope_type": "selected"},
    ),
    Case(
        "recording_id + active_before",
        lambda plan, _: {"recording_id": plan.recordings[plan.heavy][0], "active_before": _at(0.4)},
    ),
    Case(
        "all five",
        lambda plan, _: {
            "end_user_id": plan.heavy, "scope_type": "selected", "recording_id": plan.recordings[plan.heavy][0],
            "active_after": _at(0.2), "active_before": _at(0.6),
        },
    ),
)  # fmt: skip

_WANTED = {
    "in half": titles.COMMON, "in a quarter, old ones only": titles.OLD, "in 1 of 100": titles.PERCENT,
    "in 1 of 1,000": titles.PERMILLE, "in three": titles.RARE, "in none": titles.ABSENT,
    "in none, common trigrams": titles.ABSENT_COMMON, "1 character, common": titles.ONE_COMMON,
    "1 character, in three": titles.ONE_RARE, "1 character, in none": titles.ONE_ABSENT,
    "2 characters, common": titles.TWO_COMMON, "2 characters, in three": titles.TWO_RARE,
    "2 characters, in none": titles.TWO_ABSENT, "CJK, 1 character": titles.CJK_ONE,
    "CJK, 2 characters, common": titles.CJK_COMMON, "CJK, in three": titles.CJK_RARE,
    "CJK, in none": titles.CJK_ABSENT,
}  # fmt: skip


def _title_case(name: str, wanted: str, *, is_heavy: bool) -> Case:
    if is_heavy:
        return Case(name, lambda plan, _: {"q": wanted, "end_user_id": plan.heavy})
    return Case(name, lambda _, __: {"q": wanted})


TITLES = tuple(_title_case(name, wanted, is_heavy=False) for name, wanted in _WANTED.items())
TITLES_OF_HEAVY = tuple(_title_case(name, wanted, is_heavy=True) for name, wanted in _WANTED.items())
