"""The language of a message: by script, by function words, and by the conversation where it says little."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from retrieval.language_detection import LANGUAGE_NAMES, language_name, language_of

QUESTIONS = {
    "ar": "كم يستغرق التوصيل إلى ألمانيا؟",
    "de": "Wie lange dauert die Lieferung?",
    "en": "How long does the delivery take?",
    "es": "¿Cuánto tarda la entrega?",
    "fr": "Combien de temps dure la livraison ?",
    "it": "Quanto dura la garanzia della batteria?",
    "ja": "配送にはどのくらいかかりますか",
    "ko": "배송은 얼마나 걸리나요?",
    "nl": "Hoe lang duurt de levering?",
    "pl": "Jak długo trwa dostawa?",
    "pt": "Quanto tempo demora a entrega até você receber?",
    "ru": "Сколько длится доставка?",
    "zh": "送货需要多长时间？",
}


@pytest.mark.parametrize(("language", "question"), QUESTIONS.items())
@pytest.mark.parametrize("hint", ["de", "en-GB", "ja", "zh-CN", "sv"])
def test_a_question_is_in_its_language_whatever_the_conversation_was_in(
    language: str, question: str, hint: str
) -> None:
    assert language_of(question, hint) == language


@pytest.mark.parametrize("hint", [*LANGUAGE_NAMES, "sv"])
@pytest.mark.parametrize(
    "text", ["ok", "H07?", "12", "👍", "Heron?", "PDF", "iPhone 15 Pro", "info@example.com"]
)
def test_what_says_little_leaves_the_language_as_it_was(text: str, hint: str) -> None:
    assert language_of(text, hint) == hint


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("warum?", "en", "de"),
        ("why?", "de", "en"),
        ("pourquoi ?", "en", "fr"),
        ("no", "es", "es"),
        ("no", "en", "en"),
        ("One", None, "en"),
        ("die", "en", "en"),
        ("super", "de", "de"),
        ("返品", "ja", "ja"),
        ("返品", "en", "zh"),
        ("保修期多久？", "ja", "zh"),
        ("Hearth 10 的保修期多久？", "en-GB", "zh"),
        ("What does 电池 mean on my display?", None, "en"),
        ("Was heißt „The device is not ready“ auf dem Display?", "en", "de"),
        ("Что делает Tesla Light?", "en", "ru"),
        ("Wie mache ich das in /etc/the/and/of.conf?", "de", "de"),
        ("OK", None, "en"),
    ],
)
def test_a_short_message_changes_the_language_only_where_it_is_clear(
    text: str, hint: str | None, language: str
) -> None:
    assert language_of(text, hint) == language


def test_a_prompt_names_the_language_in_english() -> None:
    assert language_name("pt-BR") == "Portuguese"
    assert language_name("sv") == "the language of the question"


@given(some.text(), some.sampled_from(["de", "zh-TW", "sv", None]))
def test_any_text_has_a_language(text: str, hint: str | None) -> None:
    assert language_of(text, hint) in {*LANGUAGE_NAMES, "sv"}
