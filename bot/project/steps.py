"""This bot's own steps: it knows when the shop is open, without a search."""

import re

from groundtalk import Answer, Step, TurnContext

OPENING_HOURS = re.compile(r"\b(?:when|what time|until when) (?:do|are|is) .*\b(?:open|close)", re.IGNORECASE)


class OpeningHours:
    """Answers questions about opening hours, and counts them in the conversation's state."""

    async def run(self, turn: TurnContext) -> Answer | None:
        if not OPENING_HOURS.search(turn.text):
            return None
        asked = turn.state["opening_hours_asked"] = turn.state.get("opening_hours_asked", 0) + 1
        hours = "Monday to Friday, 9:00 to 17:00"
        return turn.answer(f"As before: {hours}." if asked > 1 else f"We are open from {hours}.")


def steps(default: list[Step]) -> list[Step]:
    """The steps of a turn, in order; the first one that has an answer ends it."""
    hand_over, *rest = default
    return [hand_over, OpeningHours(), *rest]
