"""Small talk is answered without a search, unless the message also asks something."""

import pytest

from dialogue.steps.small_talk import small_talk_reply
from tests.dialogue.bot_process import VOICE

WORDING = VOICE.wording("en")


@pytest.mark.parametrize(
    "text", ["hi", "Hello!", "Good morning.", "hey there", "你好！", "您好", "HELLO", " hi \n"]
)
def test_a_greeting_is_greeted(text: str) -> None:
    assert small_talk_reply(text, WORDING) == WORDING.greeting


@pytest.mark.parametrize(
    "text", ["thanks", "Thank you so much!", "ok, thanks", "great", "bye", "谢谢您", "好的，谢谢", "再见"]
)
def test_thanks_and_goodbyes_are_welcome(text: str) -> None:
    assert small_talk_reply(text, WORDING) == WORDING.welcome


@pytest.mark.parametrize(
    "text",
    [
        "hello, where is my order?",
        "thanks, and how much is it?",
        "Is there a goodbye present?",
        "你好，请问保修多久？",
        "谢谢，那运费呢？",
        "hi-fi",
        "great circle",
        "",
        "?",
    ],
)
def test_anything_more_is_a_question(text: str) -> None:
    assert small_talk_reply(text, WORDING) is None
