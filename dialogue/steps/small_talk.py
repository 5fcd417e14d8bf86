"""The step that answers greetings, thanks and goodbyes in the bot's own words, without a search.

Only a message that is nothing but small talk counts; "hello, where is my order?" is a question.
"""

import re

from dialogue.conversation import Answer
from dialogue.steps.base import TurnContext
from dialogue.voice import Wording

GREETING = re.compile(
    r"(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening|day)|greetings)(?: there| robot| bot| again| all)?"
    r"|(?:你好|您好|嗨|哈喽|早上好|下午好|晚上好|大家好)[啊呀]?",
    re.I,
)
THANKS = re.compile(
    r"(?:(?:ok|okay|great|perfect|super|good|cool|nice)[, ]*)?(?:many |no )?(?:thanks|thank you|thx|cheers)"
    r"(?: (?:so|very) much| a lot| again| for (?:your|the) help)?"
    r"|(?:ok|okay|great|perfect|goodbye|good bye|bye|bye bye|see you)"
    r"|(?:好的?[，,]?)?(?:谢谢|多谢|感谢|谢了|谢谢[你您])(?:[你您]|了|啦)?|好的|再见|拜拜",
    re.I,
)
SURROUNDING = " \t\r\n.!,?~。！，？～…"


class SmallTalk:
    """Answers with the greeting or the welcome of the deployment's voice."""

    async def run(self, turn: TurnContext) -> Answer | None:
        reply = small_talk_reply(turn.text, turn.wording)
        return None if reply is None else turn.answer(reply)


def small_talk_reply(text: str, wording: Wording) -> str | None:
    """The reply to a message that is nothing but a greeting, thanks or a goodbye; None for anything else."""
    bare = text.strip(SURROUNDING)
    if GREETING.fullmatch(bare):
        return wording.greeting
    if THANKS.fullmatch(bare):
        return wording.welcome
    return None
