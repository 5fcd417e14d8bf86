"""A few rows of each form, with words that the tiny encoder knows."""

from typing import Any

CHUNKS: list[dict[str, Any]] = [
    {"packet": "p", "id": "a", "title": "pump", "heading": "", "text": "quiet pump.\nheat pump at\nnight."},
    {"packet": "p", "id": "b", "title": "pump", "heading": "night", "text": "night night.\nquiet."},
    {"packet": "p", "id": "c", "title": "heat", "heading": "", "text": "heat heat heat."},
]
DIALOGUE: dict[str, Any] = {
    "id": "d",
    "packet": "p",
    "source": "manual",
    "language": "en",
    "turns": [
        {
            "ask": "heat at night?",
            "rewrite": "heat at night?",
            "answerable": True,
            "evidence": [{"chunk": "a", "quote": "heat pump at night."}],
            "near": ["b"],
        },
        {"ask": "quiet?", "rewrite": "is heat quiet?", "answerable": False, "evidence": [], "near": ["b"]},
    ],
}
ROW: dict[str, Any] = {
    "id": "set:doc:1",
    "source": "set",
    "language": "en",
    "question": "quiet pump?",
    "passages": [
        {"id": "1", "title": "heat", "text": "night night."},
        {"id": "2", "title": "", "text": "quiet pump.\nheat."},
    ],
    "answerable": True,
    "evidence": ["2"],
    "spans": [[1, 6, 10]],
    "answer": "pump",
}
