"""Makes follow-up questions out of standalone ones, for languages without conversational training data.

In the second question about a page the subject is replaced by a pronoun or dropped; the original question becomes the
rewrite. Works on the Chinese questions of XQuAD and CMRC, as no Chinese rewriting data with a free licence was found.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from finetune.examples import DialogueTurn, ExamplePassage, GroundingExample, RewritingExample
from retrieval.sentences import sentences

FOLLOWUP_SOURCES, FOLLOWUP_LANGUAGE = ("xquad", "cmrc"), "zh"
MIN_TITLE_LENGTH = 2
"""Characters of a title that is looked for in a question."""
WOMEN, PEOPLE = ("她", "女演员", "女歌手", "女子"), ("出生", "演员", "歌手", "作家", "政治家", "球员", "将领")
STANDALONE_SHARE = 0.25
"""Share of follow-ups to another page: they stand alone and are to stay as they are."""


def synthetic_followups(examples: Iterable[GroundingExample], seed: int) -> Iterator[RewritingExample]:
    """Rewriting examples from answered questions without history, in the same order for the same examples."""
    pages: dict[str, list[GroundingExample]] = defaultdict(list)
    for example in examples:
        if _is_standalone(example) and example.answerable is True and _evidence(example):
            pages[_title(example)].append(example)
    draw = random.Random(seed)
    everything = [example for page in pages.values() for example in page]
    for title, page in pages.items():
        for example in page:
            if title and title in example.question and draw.random() >= STANDALONE_SHARE:
                yield _followup(example, title, _previous_exchange(example, page, title, draw), draw)
            elif draw.random() < STANDALONE_SHARE:
                other = draw.choice(everything)
                yield _example(
                    example, _previous_exchange(other, [other], _title(other), draw), example.question
                )


def _is_standalone(example: GroundingExample) -> bool:
    """Whether it is a question of the public data that stands alone."""
    return (
        example.source in FOLLOWUP_SOURCES and example.language == FOLLOWUP_LANGUAGE and not example.history
    )


def _evidence(example: GroundingExample) -> list[ExamplePassage]:
    """The passages that hold the answer."""
    return [passage for passage in example.passages if passage.id in example.evidence]


def _title(example: GroundingExample) -> str:
    title = _evidence(example)[0].title.split("（")[0].split("(")[0].strip()
    return title if len(title) >= MIN_TITLE_LENGTH else ""


def _followup(
    example: GroundingExample, title: str, history: tuple[DialogueTurn, ...], draw: random.Random
) -> RewritingExample:
    asked = example.question
    if asked.startswith(f"{title}的") and draw.random() < 0.5:
        return _example(example, history, asked.removeprefix(f"{title}的"))
    return _example(example, history, asked.replace(title, _pronoun(example, draw), 1))


def _pronoun(example: GroundingExample, draw: random.Random) -> str:
    text = _evidence(example)[0].text
    if any(word in text for word in WOMEN):
        return "她"
    if any(word in text for word in PEOPLE):
        return "他"
    return draw.choice(("它", "它", "这个"))


def _previous_exchange(
    example: GroundingExample, page: Sequence[GroundingExample], title: str, draw: random.Random
) -> tuple[DialogueTurn, ...]:
    """What was said before: another question about the page with the sentence that answers it, or one in general."""
    others = [other for other in page if other.id != example.id and title in other.question]
    if others and title:
        before = draw.choice(others)
        return (
            DialogueTurn(role="user", text=before.question),
            DialogueTurn(role="assistant", text=_sentence(before)),
        )
    question = f"{title}是什么？" if title else example.question
    return (
        DialogueTurn(role="user", text=question),
        DialogueTurn(role="assistant", text=_sentence(example, first=True)),
    )


def _sentence(example: GroundingExample, *, first: bool = False) -> str:
    text = _evidence(example)[0].text
    spans = [text[start:end] for start, end in sentences(text)]
    return spans[0] if first else next((span for span in spans if example.answer in span), spans[0])


def _example(example: GroundingExample, history: tuple[DialogueTurn, ...], question: str) -> RewritingExample:
    return RewritingExample(
        id=f"woven:{example.id}",
        source="woven",
        language=FOLLOWUP_LANGUAGE,
        history=history,
        question=question,
        rewrite=example.question,
    )
