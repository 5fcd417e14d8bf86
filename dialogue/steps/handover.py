"""The step that hands a conversation over to a human: on request, or on a yes to the offer after an abstention.

Only a clear request counts, because the bot stays silent after it; "is there a person I can call?" is a question.
Understands English and Chinese.
"""

import re
from collections.abc import Sequence

from dialogue.conversation import Answer, Turn
from dialogue.steps.base import TurnContext

HUMAN = (
    r"(?:(?:an?|the|your|one\ of\ your)\ )?(?:(?:real|live|actual)\ )?"
    r"(?:human|human\ being|person|agent|operator|representative|colleague|advis[eo]r|employee"
    r"|staff\ member|member\ of\ staff)"
)
TALK = rf"(?:talk|speak|chat)\ (?:to|with)\ (?:{HUMAN}|someone|somebody|customer\ service)"
ENGLISH = re.compile(
    rf"""
    (?:(?:hi|hello|no|sorry|please|thanks)[,.!\ ]+)*
    (?: (?:please\ )?{TALK}
      | (?:can|could|may)\ i\ (?:please\ )?(?:have\ {HUMAN}|{TALK})
      | let\ me\ {TALK}
      | i(?:\ would|['’]d)?\ (?:just\ |really\ )?(?:want|need|like|prefer)\ (?:to\ {TALK}|{HUMAN})
      | (?:(?:can|could|would|will)\ you\ )?(?:please\ )?
        (?:connect|transfer|pass|put|hand|get|give)\ me\ (?:(?:on|over|through)\ )?(?:(?:to|with)\ )?{HUMAN}
      | (?:an?\ )?(?:(?:real|live)\ )?(?:human|agent|person|operator|representative)
    )
    (?:[,\ ]+(?:please|now|instead|here|directly|thanks|thank\ you|about\ .+))*
    """,
    re.IGNORECASE | re.VERBOSE,
)
CHINESE = re.compile(
    r"""
    (?:你好|您好|请|麻烦|帮我|给我|我要|我想|我需要|可以|能不能|可不可以|能否|能|直接|[，,\s])*
    (?: (?:转接到?|转到?|接|找|叫|换|要)(?:一下|一?个)?(?:人工(?:客服|服务)?|真人(?:客服)?|客服(?:人员)?|同事)
      | [和跟与同](?:一?个|你们的?)?(?:(?:人工|真人)?(?:客服)?(?:人员)?|同事|人)(?:说话|聊聊?|谈谈?|对话|沟通)
      | 人工(?:客服|服务)? | 真人(?:客服)?
    )
    (?:一下|[吗吧么]|好吗|可以吗|行吗|谢谢|[，,\s])*
    """,
    re.VERBOSE,
)
YES = re.compile(
    r"""
    (?:(?:yes|yeah|yep|yup|sure|ok|okay|please|please\ do|do\ that|go\ ahead|of\ course|definitely
         |i\ would|i['’]d\ like\ that|that(?:\ would|['’]d)\ be\ (?:great|good|nice|helpful|lovely)
         |thanks|thank\ you)(?:[,.!\ ]+|$))+
    | (?:(?:是的?|好[的啊吧]?|可以|需要|要的?|行|嗯|对|当然|麻烦[你您]?了?|谢谢[你您]?)[，,。！\s]*)+
    """,
    re.IGNORECASE | re.VERBOSE,
)
THANKS = re.compile(r"(?:(?:thanks|thank you|谢谢[你您]?|麻烦[你您]?了?)[,.!，。！\s]*)+", re.IGNORECASE)
SURROUNDING = " \t\r\n.!,?~。！，？～…"
MAX_REQUEST_CHARACTERS = 80
"""A longer message says more than a request for a human."""


class HandOver:
    """Confirms the hand-over; the mode changes in the same transaction."""

    async def run(self, turn: TurnContext) -> Answer | None:
        if not asks_for_human(turn.text, turn.history):
            return None
        return turn.answer(turn.wording.handed_over, hand_over=True)


def asks_for_human(text: str, history: Sequence[Turn]) -> bool:
    """Whether `text` asks for a human, or accepts the offer that the last turn of `history` made."""
    bare = " ".join(text.strip(SURROUNDING).split())
    if len(bare) > MAX_REQUEST_CHARACTERS:
        return False
    if ENGLISH.fullmatch(bare) or CHINESE.fullmatch(bare):
        return True
    offered = bool(history) and history[-1].abstained
    return offered and bool(YES.fullmatch(bare)) and not THANKS.fullmatch(bare)
