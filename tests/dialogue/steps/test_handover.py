"""A clear request for a human is a hand-over; a question about one is not."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dialogue.conversation import Role, Turn
from dialogue.steps.handover import asks_for_human

OFFER = Turn(
    "c", 2, Role.ASSISTANT, "A colleague?", datetime(2026, 1, 1, tzinfo=UTC), reply_to=1, abstained=True
)
ANSWER = Turn("c", 2, Role.ASSISTANT, "230 volts.", datetime(2026, 1, 1, tzinfo=UTC), reply_to=1)

REQUESTS = """
Can I talk to a person?
I want to talk to a person
Could I please speak with someone?
Hi, can I speak to a real person about my invoice?
let me speak to a human being
I'd like to talk to an adviser.
I want a real person!
No, I need a human
Connect me to an agent
can you put me through to a colleague please?
get me a human
Human please
agent
talk to a human
speak to customer service
转人工
我要转人工客服
可以转人工吗？
请帮我转人工，谢谢
人工客服
我想和真人说话
能不能找个人工客服
我想跟人聊聊
Ich möchte mit einem Menschen sprechen
Kann ich bitte mit jemandem sprechen?
Mitarbeiter bitte
Je voudrais parler à un conseiller, s'il vous plaît
Quiero hablar con una persona
Vorrei parlare con un operatore
Quero falar com um atendente
Kan ik met een medewerker spreken?
Chcę porozmawiać z konsultantem
Хочу поговорить с оператором
担当者と話したいです
상담원 연결해 주세요
أريد التحدث مع موظف
"""
QUESTIONS = """
is there a person I can call?
How do I contact a person?
Can I talk to someone on Sundays?
Do you have human advisers?
what is an agent
Can a person of 100 kg ride the Heron?
Can I have a receipt for one person?
Is Robin a human?
I want to talk to a person in Chinese, which number do I call?
怎么联系客服？
客服电话是多少？
有人工客服吗
人工智能是什么
人工费是多少
我要换电池
Kann ich mit dem Akku sprechen?
Wie erreiche ich einen Mitarbeiter?
Puis-je parler à mon vélo ?
¿Cómo puedo hablar con una persona?
担当者は誰ですか
"""
ASSENTS = """
yes
Yes please!
ok
OK, thanks
sure
yes, that would be great
I'd like that
please do
好的
需要
是的
好的，谢谢
可以，麻烦您
Ja
Ja, bitte!
gerne
Oui, s'il vous plaît
sí, por favor
sì, grazie
sim, por favor
Ja, graag
tak, poproszę
да, пожалуйста
はい、お願いします
네, 부탁드립니다
نعم من فضلك
"""
OTHERWISE = """
thanks
thank you!
no
no thanks
never mind
yes but how long does it take?
What about returns?
谢谢
不用了
好的再见
行李架多少钱
danke
nein danke
non merci
gracias
nie, dziękuję
いいえ
ja, aber wie lange dauert das?
"""


@pytest.mark.parametrize("text", REQUESTS.strip().splitlines())
def test_a_clear_request(text: str) -> None:
    assert asks_for_human(text, [])


@pytest.mark.parametrize("text", QUESTIONS.strip().splitlines())
def test_a_question_about_people(text: str) -> None:
    assert not asks_for_human(text, [OFFER])


@pytest.mark.parametrize("text", ASSENTS.strip().splitlines())
def test_a_yes_counts_after_an_offer_alone(text: str) -> None:
    assert asks_for_human(text, [ANSWER, OFFER])
    assert not asks_for_human(text, [OFFER, ANSWER])
    assert not asks_for_human(text, [])


@pytest.mark.parametrize("text", OTHERWISE.strip().splitlines())
def test_anything_else_declines_the_offer(text: str) -> None:
    assert not asks_for_human(text, [OFFER])


@given(
    some.lists(some.sampled_from(["yes, i would, ", "好的", "please ", "talk to ", "a ", "，"]), max_size=40)
)
def test_no_text_takes_long_to_read(pieces: list[str]) -> None:
    asks_for_human("".join([*pieces, "x"]), [OFFER])
