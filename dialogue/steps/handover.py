"""The step that hands a conversation over to a human: on request, or on a yes to the offer after an abstention.

Only a clear request counts, because the bot stays silent after it; "is there a person I can call?" is a question.
Understands the languages of the voice.
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
OTHERS = re.compile(
    r"""
    # German
      (?:bitte\ )?(?:(?:ich\ (?:möchte|will|würde\ gern[e]?|muss)|kann\ ich|könnte\ ich)\ (?:bitte\ )?(?:mal\ )?
        mit\ (?:(?:einem|einer|Ihrem?)\ (?:echten\ )?
          (?:menschen|mitarbeiter(?:in)?|person|kolleg(?:en|in)|berater(?:in)?)
          |jemandem|dem\ (?:support|kundendienst|kundenservice))\ (?:sprechen|reden|schreiben)
        |verbinden\ sie\ mich\ (?:bitte\ )?mit\ (?:einem|einer|dem)\ \w+
        |(?:einen?\ )?(?:mitarbeiter(?:in)?|menschen?))(?:\ bitte)?
    # French
    | (?:(?:je\ (?:veux|voudrais|souhaite|souhaiterais)|puis-je|pourrais-je|j'aimerais)\ parler\ (?:à|avec)
        \ (?:un(?:e)?\ (?:humain|personne(?:\ réelle)?|conseill(?:er|ère)|collègue|agent)|quelqu'un)
        |(?:un\ )?(?:humain|conseiller))(?:[,\ ]+s'il\ vous\ pla[iî]t)?
    # Spanish
    | (?:(?:quiero|quisiera|puedo|podría|necesito|me\ gustaría)\ hablar\ con
        \ (?:una?\ (?:persona(?:\ real)?|humano|agente|asesora?|compañer[oa])|alguien)|(?:un\ )?(?:agente|humano))
        (?:[,\ ]+por\ favor)?
    # Italian
    | (?:(?:voglio|vorrei|posso|potrei|ho\ bisogno\ di)\ parlare\ con
        \ (?:una?\ (?:persona(?:\ reale)?|operatore|operatrice|collega|umano)|qualcuno)|(?:un\ )?(?:operatore|umano))
        (?:[,\ ]+(?:per\ favore|per\ piacere|grazie))?
    # Portuguese
    | (?:(?:quero|queria|gostaria\ de|posso|preciso)\ falar\ com
        \ (?:uma?\ (?:pessoa(?:\ real)?|humano|atendente|agente|colega)|alguém)|(?:um\ )?(?:atendente|humano))
        (?:[,\ ]+por\ favor)?
    # Dutch
    | (?:(?:ik\ wil|ik\ zou\ graag|kan\ ik|mag\ ik)\ (?:graag\ )?(?:met\ )?
        (?:een\ (?:echt\ )?(?:mens|persoon|medewerker|collega)
        |iemand)\ (?:spreken|praten)|(?:een\ )?medewerker)(?:\ alstublieft)?
    # Polish
    | (?:(?:chcę|chciał(?:bym|abym)|czy\ mogę|proszę)\ (?:porozmawiać|połączyć\ mnie|rozmawiać)\ z
        \ (?:człowiekiem|konsultantem|pracownikiem|kimś)|konsultant)(?:[,\ ]+proszę)?
    # Russian
    | (?:пожалуйста[,\ ]+)?(?:(?:я\ )?(?:хочу|хотел\ бы|хотела\ бы|можно)\ (?:мне\ )?поговорить\ с
        \ (?:человеком|оператором|сотрудником|кем-нибудь)
        |(?:позовите|соедините\ (?:меня\ )?с)\ (?:человек\w*|оператор\w*|сотрудник\w*)
        |оператор)(?:[,\ ]+пожалуйста)?
    # Japanese
    | (?:人間?|担当者?|担当の方|オペレーター?|有人|スタッフ)(?:の方)?[とに](?:直接)?
        (?:話したい|話せますか|話がしたい|つないで|繋いで|代わって|お願い)
        (?:です|ください|いただけますか|もらえますか|します)?
    # Korean
    | (?:상담원|사람|직원|담당자)(?:과|와|이랑|랑|하고|에게)?\ ?(?:연결|통화|이야기|얘기|상담)?\ ?
        (?:해\ ?주세요|하고\ 싶어요|하고\ 싶습니다|부탁합니다|부탁드립니다)
    # Arabic
    | (?:أريد|أود|هل\ يمكنني|ممكن)\ (?:التحدث|أن\ أتحدث|الكلام|التكلم)\ (?:مع|إلى)
        \ (?:شخص|موظف|أحد\ الزملاء|إنسان)(?:\ (?:حقيقي|من\ فضلك))?
    """,
    re.IGNORECASE | re.VERBOSE,
)
YES = re.compile(
    r"""
    (?:(?:yes|yeah|yep|yup|sure|ok|okay|please|please\ do|do\ that|go\ ahead|of\ course|definitely
         |i\ would|i['’]d\ like\ that|that(?:\ would|['’]d)\ be\ (?:great|good|nice|helpful|lovely)
         |thanks|thank\ you
         |ja|jawohl|gern[e]?|bitte|sehr\ gern[e]?|das\ wäre\ (?:gut|nett|toll|schön)|danke|unbedingt|natürlich|klar
         |oui|volontiers|d['’]accord|s['’]il\ vous\ pla[iî]t|avec\ plaisir|bien\ s[uû]r|merci|je\ veux\ bien
         |s[ií]|claro|por\ favor|vale|de\ acuerdo|gracias|me\ gustaría
         |sì|certo|per\ favore|volentieri|va\ bene|d['’]accordo|grazie
         |sim|com\ certeza|pode\ ser|quero|obrigad[oa]|está\ bem
         |graag|alstublieft|alsjeblieft|prima|goed|dank\ (?:u|je)
         |tak|poproszę|proszę|chętnie|oczywiście|dziękuję|dobrze
         |да|давайте|пожалуйста|хорошо|конечно|спасибо
         |نعم|أجل|من\ فضلك(?:م)?|حسنا|شكرا
         |네|예|좋아요|부탁해요|부탁드립니다|부탁합니다|감사합니다|그래요)(?:[,.!،\ ]+|$))+
    | (?:(?:是的?|好[的啊吧]?|可以|需要|要的?|行|嗯|对|当然|麻烦[你您]?了?|谢谢[你您]?
         |はい|お願いします|ぜひ|ありがとうございます|そうしてください)[，,。！、\s]*)+
    """,
    re.IGNORECASE | re.VERBOSE,
)
THANKS = re.compile(
    r"(?:(?:thanks|thank you|danke|merci|gracias|grazie|obrigad[oa]|dank (?:u|je)|dziękuję|спасибо|شكرا|감사합니다|"
    r"ありがとうございます|谢谢[你您]?|麻烦[你您]?了?)[,.!，。！\s]*)+",
    re.IGNORECASE,
)
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
    if any(request.fullmatch(bare) for request in (ENGLISH, CHINESE, OTHERS)):
        return True
    offered = bool(history) and history[-1].abstained
    return offered and bool(YES.fullmatch(bare)) and not THANKS.fullmatch(bare)
