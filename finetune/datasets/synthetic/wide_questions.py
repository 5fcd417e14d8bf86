"""Makes wide questions, which take several sentences to answer; datasets of span extraction have none.

Three kinds: open questions from conversations that quote an article, two questions about one article asked as one, and
requests for an overview of a page.
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from finetune.datasets.dataset import derived_id
from finetune.examples import ExamplePassage, GroundingExample
from retrieval.sentences import sentences

QUOTATIONS_PER_PASSAGE = 2
"""Few, so that next to the passage that answers there are others of the same section that do not."""
DISTRACTORS = (1, 3)
"""How many other conversations lend a passage that does not answer."""
NO_ANSWER_SHARE = 0.5
"""Share of the questions without an answer that are used: with more, the model would learn to refuse."""
OPEN_QUESTION = re.compile(
    r"(?:how(?! (?:many|much|long|old|far|often))|why|tell|can you|what (?:else|happened)|besides)\b", re.I
)
"""Questions that the next quotation continues to answer."""
SECTION_QUESTIONS = (
    "Tell me about {}.",
    "What is known about {}?",
    "Can you give me an overview of {}?",
    "{}",
)
QUOTED_SENTENCES = 4
"""Sentences of an overview."""


@dataclass(frozen=True, slots=True)
class QuotedConversation:
    """A conversation in which every answer quotes one section of an article.

    exchanges: the questions, each understandable on its own, with the sentence that answers it; None for no answer.
    """

    id: str
    title: str
    section: str
    exchanges: tuple[tuple[str, str | None], ...]

    @property
    def subject(self) -> str:
        return f"{self.title}, {self.section}"

    @property
    def quotations(self) -> list[str]:
        return list(dict.fromkeys(quotation for _, quotation in self.exchanges if quotation))

    def answer(self, n: int) -> list[str]:
        """The quotations that answer a question: its own and, if it is an open one, the next."""
        question, quotation = self.exchanges[n]
        if quotation is None:
            return []
        start = self.quotations.index(quotation)
        return self.quotations[start : start + (2 if OPEN_QUESTION.match(question) else 1)]

    @property
    def passages(self) -> list[ExamplePassage]:
        quoted = self.quotations
        parts = [
            quoted[start : start + QUOTATIONS_PER_PASSAGE]
            for start in range(0, len(quoted), QUOTATIONS_PER_PASSAGE)
        ]
        return [
            ExamplePassage(id=f"{self.id}:{n}", title=self.title, text=" ".join(part))
            for n, part in enumerate(parts)
        ]


def quoted_answers(
    conversations: Sequence[QuotedConversation], seed: int, source: str
) -> Iterator[GroundingExample]:
    """Grounding examples called `source`; the same for the same conversations and seed."""
    draw = random.Random(seed)
    for conversation in conversations:
        others = [other for other in conversations if other.title != conversation.title]
        lenders = draw.sample(others, min(draw.randint(*DISTRACTORS), len(others)))
        distractors = [draw.choice(other.passages) for other in lenders]
        yield from _quoted_examples(conversation, distractors, source, draw)


def _quoted_examples(
    conversation: QuotedConversation,
    distractors: Sequence[ExamplePassage],
    source: str,
    draw: random.Random,
) -> Iterator[GroundingExample]:
    own = conversation.passages
    for n, (question, quotation) in enumerate(conversation.exchanges):
        if quotation or draw.random() < NO_ANSWER_SHARE:
            name = derived_id(source, conversation.id, str(n))
            yield _quoted_example(name, source, question, conversation.answer(n), (*own, *distractors))
    yield _quoted_example(
        derived_id(source, conversation.id, "overview"),
        source,
        draw.choice(SECTION_QUESTIONS).format(conversation.subject),
        conversation.quotations[:QUOTED_SENTENCES],
        (*own[: QUOTED_SENTENCES // QUOTATIONS_PER_PASSAGE], *distractors),
    )


def _quoted_example(
    name: str, source: str, question: str, answer: Sequence[str], passages: Sequence[ExamplePassage]
) -> GroundingExample:
    return GroundingExample(
        id=name,
        source=source,
        history=(),
        question=question,
        passages=tuple(passages),
        answer=" ".join(answer),
        answerable=bool(answer),
        evidence=tuple(passage.id for passage in passages if any(one in passage.text for one in answer)),
    )


JOINING_PHRASES = {"en": (", and {}", "? Also, {}", " and {}"), "zh": ("？另外，{}", "，{}", "？还有，{}")}
LOWERCASED_WORDS = frozenset(
    {"what", "who", "when", "where", "which", "why", "how", "in", "did", "was", "is", "on", "to", "of"}
)
"""First words of a question that lose their capital inside another question."""


def joint_questions(
    examples: Iterable[GroundingExample],
    seed: int,
    source: str,
    article_of: Callable[[GroundingExample], str],
) -> Iterator[GroundingExample]:
    """Pairs of answered questions about one article as one question each; the same for the same examples and seed."""
    articles: dict[tuple[str, str], list[GroundingExample]] = defaultdict(list)
    for example in examples:
        if example.answerable is True and example.language in JOINING_PHRASES:
            articles[example.language, article_of(example)].append(example)
    draw = random.Random(seed)
    for asked in articles.values():
        draw.shuffle(asked)
        yield from (_join(*pair, source, draw) for pair in zip(asked[::2], asked[1::2], strict=False))


def _join(
    one: GroundingExample, other: GroundingExample, source: str, draw: random.Random
) -> GroundingExample:
    joint = draw.choice(JOINING_PHRASES[one.language])
    passages = {passage.id: passage for passage in (*one.passages, *other.passages)}
    return GroundingExample(
        id=derived_id(source, one.id),
        source=source,
        language=one.language,
        history=(),
        question=one.question.rstrip("?？ ") + joint.format(_lowercase_opening(other.question)),
        passages=tuple(passages.values()),
        answer=" ".join(dict.fromkeys((_answer_sentence(one), _answer_sentence(other)))),
        answerable=True,
        evidence=tuple(dict.fromkeys((*one.evidence, *other.evidence))),
    )


def _lowercase_opening(question: str) -> str:
    return (
        question[:1].lower() + question[1:]
        if question.partition(" ")[0].lower() in LOWERCASED_WORDS
        else question
    )


def _answer_sentence(example: GroundingExample) -> str:
    """The sentence that contains the answer; the answer itself if no passage has it."""
    for text in (passage.text for passage in example.passages if passage.id in example.evidence):
        start = text.find(example.answer)
        if start >= 0:
            end = start + len(example.answer)
            return " ".join(" ".join(text[a:b] for a, b in sentences(text) if a < end and b > start).split())
    return example.answer


SENTENCES_PER_PASSAGE = 2
"""Sentences of each passage."""
OVERVIEW_SENTENCES = 4
"""Sentences of an overview."""
OVERVIEW_QUESTIONS = {
    "en": ("Tell me about {}.", "What is {}?", "Can you explain {}?", "What should I know about {}?", "{}"),
    "zh": ("介绍一下{}。", "{}是什么？", "能说说{}吗？", "关于{}有哪些信息？", "{}"),
}  # fmt: skip


def overviews(examples: Iterable[GroundingExample], seed: int, source: str) -> Iterator[GroundingExample]:
    """A request for an overview of each page, called `source` and its language, such as `overview_en`.

    The same for the same examples and seed.
    """
    draw = random.Random(seed)
    seen: set[frozenset[str]] = set()
    for example in examples:
        title = next((passage.title for passage in example.passages if passage.id in example.evidence), "")
        about = frozenset(passage.id for passage in example.passages if passage.title == title)
        questions = OVERVIEW_QUESTIONS.get(example.language)
        if questions and example.answerable is True and title and about not in seen:
            seen.add(about)
            yield _overview(
                example,
                f"{source}_{example.language}",
                draw.choice(questions).format(_plain_title(title)),
                about,
            )


def _plain_title(title: str) -> str:
    """Without the words in brackets that tell pages with the same name apart."""
    return title.split("（")[0].split("(")[0].strip()


def _overview(
    example: GroundingExample, source: str, question: str, about: frozenset[str]
) -> GroundingExample:
    openings = [
        opening
        for passage in example.passages
        if passage.id in about
        for opening in _opening_sentences(passage)
    ]
    update = {
        "id": derived_id(source, example.id),
        "source": source,
        "question": question,
        "answer": " ".join(openings[:OVERVIEW_SENTENCES]),
        "evidence": tuple(passage.id for passage in example.passages if passage.id in about),
    }
    return example.model_copy(update=update)


def _opening_sentences(passage: ExamplePassage) -> list[str]:
    spans = list(sentences(passage.text))[:SENTENCES_PER_PASSAGE]
    return [" ".join(passage.text[start:end].split()) for start, end in spans]
