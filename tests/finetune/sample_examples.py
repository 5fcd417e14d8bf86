"""Passages and examples about a harbour, small enough to read."""

from typing import Any

from finetune.examples import (
    DialogueTurn,
    ExamplePassage,
    GroundingExample,
    PreferenceExample,
    RatedExample,
    RewritingExample,
)

FERRY = ExamplePassage(
    id="ferry",
    title="Ferry",
    text="The ferry leaves the old harbour at nine. Tickets cost four crowns on board.",
)
MUSEUM = ExamplePassage(
    id="museum", title="Museum", text="The museum opens at ten. Children visit the museum for free."
)
WEATHER = ExamplePassage(
    id="weather", title="Weather", text="Storms are frequent in November along this coast."
)
PASSAGES = (FERRY, MUSEUM, WEATHER)
HISTORY = (
    DialogueTurn(role="user", text="Is there a ferry?"),
    DialogueTurn(role="assistant", text="Yes, there is a ferry to the island."),
)


def grounding(answer: str, **changed: Any) -> GroundingExample:
    values = {
        "id": "set:harbour:1",
        "source": "set",
        "history": (),
        "question": "When does the ferry leave?",
        "passages": PASSAGES,
        "answer": answer,
        "answerable": True,
        "evidence": ("ferry",),
    }
    return GroundingExample(**values | changed)


def rewriting(**changed: Any) -> RewritingExample:
    values = {
        "id": "set:harbour:2",
        "source": "set",
        "history": HISTORY,
        "question": "When does it leave?",
        "rewrite": "When does the ferry leave?",
    }
    return RewritingExample(**values | changed)


def preference(chosen: str, rejected: str, **changed: Any) -> PreferenceExample:
    values = {
        "id": "log:harbour:2",
        "history": (),
        "question": "When does the ferry leave?",
        "passages": PASSAGES,
        "chosen": chosen,
        "rejected": rejected,
    }
    return PreferenceExample(**values | changed)


def rated(answer: str, *, welcome: bool, **changed: Any) -> RatedExample:
    values = {
        "id": "log:harbour:4",
        "history": (),
        "question": "When does the ferry leave?",
        "passages": PASSAGES,
        "answer": answer,
        "welcome": welcome,
    }
    return RatedExample(**values | changed)
