"""Questions about a page as a whole: what its passages open with answers them, so that they take several sentences.

People also ask by a bare title, or for all that there is to know. Knows XQuAD and CMRC, whose passages name their page;
no prompts.
"""

import random
from collections.abc import Iterable, Iterator

from finetune.examples import GivenPassage, GroundingExample
from retrieval.sentences import sentences

TITLED = ("xquad", "cmrc")
OPENING = 2
"""Sentences of each passage."""
MOST = 4
"""Sentences of an overview."""
QUESTIONS = {
    "en": ("Tell me about {}.", "What is {}?", "Can you explain {}?", "What should I know about {}?", "{}"),
    "zh": ("介绍一下{}。", "{}是什么？", "能说说{}吗？", "关于{}有哪些信息？", "{}"),
}  # fmt: skip


def overviews(examples: Iterable[GroundingExample], seed: int) -> Iterator[GroundingExample]:
    """One for each set of passages about one page, in the same order for the same examples."""
    draw = random.Random(seed)
    seen: set[frozenset[str]] = set()
    for example in examples:
        title = next((passage.title for passage in example.passages if passage.id in example.evidence), "")
        about = frozenset(passage.id for passage in example.passages if passage.title == title)
        known = example.source in TITLED and example.language in QUESTIONS
        if known and example.answerable is True and title and about not in seen:
            seen.add(about)
            yield _overview(example, draw.choice(QUESTIONS[example.language]).format(_plain(title)), about)


def _plain(title: str) -> str:
    """Without what only tells pages of one name apart."""
    return title.split("（")[0].split("(")[0].strip()


def _overview(example: GroundingExample, question: str, about: frozenset[str]) -> GroundingExample:
    told = [opening for passage in example.passages if passage.id in about for opening in _opening(passage)]
    update = {
        "id": f"{example.id}:overview",
        "source": f"overview_{example.language}",
        "question": question,
        "answer": " ".join(told[:MOST]),
        "evidence": tuple(passage.id for passage in example.passages if passage.id in about),
    }
    return example.model_copy(update=update)


def _opening(passage: GivenPassage) -> list[str]:
    spans = list(sentences(passage.text))[:OPENING]
    return [" ".join(passage.text[start:end].split()) for start, end in spans]
