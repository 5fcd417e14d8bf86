"""Two questions about one page asked as one: the answer takes several sentences, often of several passages.

Questions about spans of a text have an answer in one place each; people also ask wider. Knows XQuAD, whose
passages hold the answers word for word; no prompts.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator

from finetune.datasets.splitting import group_of
from finetune.examples import GroundingExample
from retrieval.sentences import sentences

ASKED, SOURCE = "xquad", "joint"
JOINTS = {"en": (", and {}", "? Also, {}", " and {}"), "zh": ("？另外，{}", "，{}", "？还有，{}")}
OPENINGS = ("what", "who", "when", "where", "which", "why", "how", "in", "did", "was", "is", "on", "to", "of")
"""First words of a question that are written small within another."""


def joint_questions(examples: Iterable[GroundingExample], seed: int) -> Iterator[GroundingExample]:
    """Each answered question with another one of its article, in the same order for the same examples."""
    articles: dict[tuple[str, str], list[GroundingExample]] = defaultdict(list)
    for example in examples:
        if example.source == ASKED and example.answerable is True and example.language in JOINTS:
            articles[example.language, _article(example)].append(example)
    draw = random.Random(seed)
    for asked in articles.values():
        draw.shuffle(asked)
        yield from (_joined(*pair, draw) for pair in zip(asked[::2], asked[1::2], strict=False))


def _article(example: GroundingExample) -> str:
    """Paragraphs are named by their article's number and their own, such as 22-0."""
    return group_of(example.id).partition("-")[0]


def _joined(one: GroundingExample, other: GroundingExample, draw: random.Random) -> GroundingExample:
    joint = draw.choice(JOINTS[one.language])
    passages = {passage.id: passage for passage in (*one.passages, *other.passages)}
    return GroundingExample(
        id=f"{one.id}:{SOURCE}",
        source=SOURCE,
        language=one.language,
        history=(),
        question=one.question.rstrip("?？ ") + joint.format(_within(other.question)),
        passages=tuple(passages.values()),
        answer=" ".join(dict.fromkeys((_sentence(one), _sentence(other)))),
        answerable=True,
        evidence=tuple(dict.fromkeys((*one.evidence, *other.evidence))),
    )


def _within(question: str) -> str:
    return question[:1].lower() + question[1:] if question.partition(" ")[0].lower() in OPENINGS else question


def _sentence(example: GroundingExample) -> str:
    """The sentence that the answer stands in; the answer itself if no passage has it."""
    for text in (passage.text for passage in example.passages if passage.id in example.evidence):
        start = text.find(example.answer)
        if start >= 0:
            end = start + len(example.answer)
            return " ".join(" ".join(text[a:b] for a, b in sentences(text) if a < end and b > start).split())
    return example.answer
