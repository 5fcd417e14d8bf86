"""Makes Chinese follow-up questions out of standalone ones.

In the second question about a page the subject is replaced by a pronoun or dropped; the original question becomes the
rewrite.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from finetune.datasets.dataset import derived_id
from finetune.examples import DialogueTurn, ExamplePassage, GroundingExample, RewritingExample
from retrieval.sentences import sentences

LANGUAGE = "zh"
MIN_TITLE_LENGTH = 2
"""A shorter title is not looked for in questions."""
WOMEN, PEOPLE = ("她", "女演员", "女歌手", "女子"), ("出生", "演员", "歌手", "作家", "政治家", "球员", "将领")
STANDALONE_SHARE = 0.25
"""Share of questions that follow a question about another page: they stand alone and have to stay as they are."""


def chinese_followups(
    examples: Iterable[GroundingExample], seed: int, source: str
) -> Iterator[RewritingExample]:
    """Rewriting examples called `source` from answered Chinese questions without history.

    The same examples and seed always give the same follow-ups in the same order.
    """
    pages: dict[str, list[GroundingExample]] = defaultdict(list)
    for example in examples:
        if _is_standalone(example) and example.answerable is True and _evidence(example):
            pages[_title(example)].append(example)
    draw = random.Random(seed)
    everything = [example for page in pages.values() for example in page]
    for title, page in pages.items():
        for example in page:
            if title and title in example.question and draw.random() >= STANDALONE_SHARE:
                before = _previous_exchange(example, page, title, draw)
                yield _example(source, example, before, _without_subject(example, title, draw))
            elif draw.random() < STANDALONE_SHARE:
                other = draw.choice(everything)
                before = _previous_exchange(other, [other], _title(other), draw)
                yield _example(source, example, before, example.question)


def _is_standalone(example: GroundingExample) -> bool:
    return example.language == LANGUAGE and not example.history


def _evidence(example: GroundingExample) -> list[ExamplePassage]:
    """The passages that hold the answer."""
    return [passage for passage in example.passages if passage.id in example.evidence]


def _title(example: GroundingExample) -> str:
    title = _evidence(example)[0].title.split("（")[0].split("(")[0].strip()
    return title if len(title) >= MIN_TITLE_LENGTH else ""


def _without_subject(example: GroundingExample, title: str, draw: random.Random) -> str:
    asked = example.question
    if asked.startswith(f"{title}的") and draw.random() < 0.5:
        return asked.removeprefix(f"{title}的")
    return asked.replace(title, _pronoun(example, draw), 1)


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
    """Another question about the page and the sentence that answers it, or a general question."""
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


def _example(
    source: str, example: GroundingExample, history: tuple[DialogueTurn, ...], question: str
) -> RewritingExample:
    return RewritingExample(
        id=derived_id(source, example.id),
        source=source,
        language=LANGUAGE,
        history=history,
        question=question,
        rewrite=example.question,
    )
