"""Generates realistic titles that contain known words at known frequencies.

Of `count` titles in order of time: COMMON is in about half, OLD in a quarter but in none of the newer
half, PERCENT in one of a hundred, PERMILLE in one of a thousand, RARE and RARE_CJK in exactly three, and
ABSENT in none. ABSENT_COMMON is in none either, though each of its trigrams is in many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

COMMON, OLD, PERCENT, PERMILLE, RARE = "meeting", "legacy", "quorum", "gazebo", "xylograph"
ABSENT, ABSENT_COMMON = "zeppelin", "ting meet"
ONE_COMMON, ONE_RARE, ONE_ABSENT = "e", "ж", "☃"
TWO_COMMON, TWO_RARE, TWO_ABSENT = "in", "xy", "qx"
CJK_COMMON, CJK_RARE, CJK_ONE, CJK_ABSENT = "会議", "彗星計画", "会", "鯨と月"

_WHAT = "Planning Budget Weekly Design Hiring Launch Steering Board Team Review Sales Support Kick-off Retro".split()
_AGREED = "did we agree|did Ana promise|is left to do|was the price|were the open points|should I prepare".split("|")
_ABOUT = (
    "lantern battery casing trailer hitch invoice contract warranty prototype website newsletter pricing roadmap "
    "supplier warehouse shipping training onboarding holiday audit payroll insurance courier catalogue packaging "
    "logo survey interview workshop quarter forecast risk release migration backup outage incident patent museum"
).split()
_HOW = "new old second final urgent small external joint quarterly early late open revised shared annual".split()
_DE = "Angebot Prüfung Übergabe Straße Lieferung Rückruf Besprechung Termin Schlüssel Abnahme Größe Vertrag".split()
_FR = "réunion déjà café marché façade devis équipe été élève projet forêt leçon clôture comité relevé".split()
_ES = "reunión mañana año señal presupuesto equipo diseño niñez acción camión cuánto después proveedor".split()
_JA = "企画 予算 採用 設計 東京 大阪 製品 品質 週次 来月 営業 開発 顧客 契約 見積".split()
_ZH = "项目 预算 招聘 设计 北京 上海 产品 质量 每周 下月 销售 开发 客户 合同 报价".split()
_KO = "기획 예산 채용 설계 서울 부산 제품 품질 주간 다음달 영업 개발 고객 계약 견적".split()
_SYLLABLES = (
    "ba be bo da del do fa fen ga gor ha hol ka kel ki la lin lo ma mer mo na nel no pa per ra ri ro sa "
    "sen so ta tem to va vin vo wa wen ya"
).split()


def make_titler(count: int, random: Random) -> Callable[[int], str]:
    """Return the function that generates title number `index` of `count`, oldest first."""
    rare = {count // 10, count // 2, count * 9 // 10}
    rare_cjk = {count // 7, count // 3, count * 4 // 5}

    def title(index: int) -> str:
        if index in rare_cjk:
            return f"{CJK_RARE}の{_pick(random, _JA)}"
        made = _plain(random)
        if index in rare:
            made += f" {RARE} {ONE_RARE}"
        if index % 100 == 37:
            made += f" {PERCENT}"
        if index % 1_000 == 500:
            made += f" {PERMILLE}"
        if index * 2 < count and index % 2 == 0:
            made += f" {OLD}"
        return made

    return title


def rare_indexes(count: int) -> tuple[int, int, int]:
    """Return the indices of the titles that contain RARE."""
    return count // 10, count // 2, count * 9 // 10


def _pick(random: Random, words: Sequence[str]) -> str:
    return words[int(random.random() * len(words))]


def _name(random: Random) -> str:
    return (_pick(random, _SYLLABLES) + _pick(random, _SYLLABLES) + _pick(random, _SYLLABLES)).capitalize()


def _plain(random: Random) -> str:
    share = random.random()
    number = int(random.random() * 100_000)
    if share < 0.5:
        about = f"{_pick(random, _HOW)} {_pick(random, _ABOUT)}"
        return f"{_pick(random, _WHAT)} {COMMON} with {_name(random)}: {about} {number}"
    if share < 0.7:
        return f"What {_pick(random, _AGREED)} about the {_pick(random, _ABOUT)} for {_name(random)}?"
    if share < 0.8:
        return f"{_pick(random, _DE)} {_pick(random, _DE)} {_name(random)} {number}"
    if share < 0.86:
        return f"{_pick(random, _FR)} {_pick(random, _FR)} chez {_name(random)}"
    if share < 0.92:
        return f"¿{_pick(random, _ES)} {_pick(random, _ES)} {_name(random)}?"
    if share < 0.96:
        return f"{_pick(random, _JA)}{_pick(random, _JA)}{CJK_COMMON}{number % 100}"
    return f"{_pick(random, _ZH)}{_pick(random, _ZH)}{number}" if share < 0.98 else _korean(random)


def _korean(random: Random) -> str:
    return f"{_pick(random, _KO)} {_pick(random, _KO)} 회의 {_name(random)}"
