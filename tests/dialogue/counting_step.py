"""A deployment's own step, as STEPS_FILE names it: counts the questions of one kind and answers with the count."""

from collections.abc import Sequence

from dialogue.conversation import Answer
from dialogue.steps import Step, TurnContext

PREFIX = "Count "


class CountQuestions:
    """Answers questions that begin with "Count", and passes on all others."""

    async def run(self, turn: TurnContext) -> Answer | None:
        if not turn.text.startswith(PREFIX):
            return None
        turn.state["counted"] = turn.state.get("counted", 0) + 1
        subject = turn.text.removeprefix(PREFIX).rstrip(".").capitalize()
        return turn.answer(f"{subject} is question {turn.state['counted']} of this kind.")


def steps(default: Sequence[Step]) -> Sequence[Step]:
    return [CountQuestions(), *default]
