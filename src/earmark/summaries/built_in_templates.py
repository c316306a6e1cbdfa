"""The four templates that come with the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from earmark.summaries.types import Template

GENERAL_NOTES: Final = "tmpl_general_notes"
_TEXT: Final = {"type": "string"}


def _object(**fields: str) -> Mapping[str, Any]:
    """Return a schema of strings; a name that ends in `_list` is an array of strings."""
    properties: dict[str, Any] = {}
    for name, description in fields.items():
        is_list = name.endswith("_list")
        kind = {"type": "array", "items": _TEXT} if is_list else _TEXT
        properties[name.removesuffix("_list")] = {**kind, "description": description}
    return {"type": "object", "properties": properties}


BUILT_IN: Final = {
    one.id: one
    for one in (
        Template(
            GENERAL_NOTES, "General notes",
            "Write notes of a meeting or conversation. An action item names who does it and by when, if that was said.",
            _object(
                summary="What was talked about, in a paragraph.",
                overview="The most important in one or two sentences.",
                key_points_list="What matters, in the order of time.",
                decisions_list="What was decided.",
                action_items_list="Who does what, by when.",
                open_questions_list="What was left open.",
                participants_list="Who took part.",
            ),
        ),
        Template(
            "tmpl_sales_call", "Sales call",
            "Write notes of a call with a customer, for those who sell to it.",
            _object(
                pain_points_list="What troubles the customer.",
                budget="What was said about money.",
                next_steps_list="Who does what next, by when.",
                key_quotes_list="What the customer said that matters most.",
            ),
        ),
        Template(
            "tmpl_clinical_soap", "Clinical SOAP note",
            "Write a SOAP note of a conversation between a clinician and a patient. Add no diagnosis that nobody made.",
            _object(
                subjective="What the patient reports.",
                objective="What was observed or measured.",
                assessment="What the clinician concludes.",
                plan="What is to be done.",
            ),
        ),
        Template(
            "tmpl_legal_memo", "Legal memo",
            "Write a memo of a legal conversation. Add no law that nobody named.",
            _object(
                facts="What happened, as it was told.",
                issues_list="The legal questions.",
                analysis="How they were argued.",
                conclusion="What was concluded.",
            ),
        ),
    )
}  # fmt: skip
