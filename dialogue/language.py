"""Which language a text is in, as far as the bot's own sentences and prompts need to know: by script, no model."""

import re

HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
LATIN = re.compile(r"[^\W\d_\u2e80-\ud7af\uf900-\ufaff]+")


def language_of(text: str, hint: str | None = None) -> str:
    """BCP 47 base language: `zh` where Chinese characters prevail, else the hint, else `en`.

    A Latin word counts as much as one Chinese character, so that a product's name does not decide; several Latin words
    and nothing else are not Chinese, whatever the hint says.
    """
    han, latin = len(HAN.findall(text)), len(LATIN.findall(text))
    if han > latin and not KANA_OR_HANGUL.search(text):
        return "zh"
    base = (hint or "en").split("-")[0].lower()
    return "en" if base == "zh" and latin > 1 and not han else base
