"""The step that answers greetings, thanks and goodbyes in the bot's own words, without a search."""

from dialogue.conversation import Answer
from dialogue.phrases import is_wholly
from dialogue.steps.base import TurnContext
from dialogue.voice import Wording


class SmallTalk:
    """Answers with the greeting or the welcome of the deployment's voice."""

    async def run(self, turn: TurnContext) -> Answer | None:
        reply = small_talk_reply(turn.text, turn.wording)
        return None if reply is None else turn.answer(reply)


def small_talk_reply(text: str, wording: Wording) -> str | None:
    """The reply to a message that is nothing but a greeting, thanks or a goodbye; None for anything else."""
    if is_wholly("greeting", text):
        return wording.greeting
    return wording.welcome if is_wholly("thanks", text) else None
