"""Makes wide questions, which take several sentences to answer; datasets of question answering over spans lack them.

Three kinds: open questions from conversations that quote an article (CANARD, whose conversations are those of QuAC:
Choi et al., EMNLP 2018), two questions about one article asked as one (XQuAD), and requests for an overview of a page
(XQuAD and CMRC).
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from finetune.datasets.dataset import group_of
from finetune.examples import DialogueTurn, ExamplePassage, GroundingExample, RewritingExample
from retrieval.sentences import sentences

QUOTED_SOURCE, QUOTED = "canard", "quoted"
NO_ANSWER = "I don't know."
MIN_QUOTATION_WORDS = 6
"""Words of a quotation that can stand as a sentence."""
QUOTATIONS_PER_PASSAGE = 2
"""Quotations of a passage: few, so that beside what answers stand others of the same section, which do not."""
SENTENCE_ENDS = (".", "!", "?", '."', '!"', '?"')
DISTRACTORS = (1, 3)
"""Conversations that lend a passage which does not answer."""
NO_ANSWER_SHARE = 0.5
"""Share of the questions without an answer that are asked: more would teach to refuse."""
OPEN_QUESTION = re.compile(
    r"(?:how(?! (?:many|much|long|old|far|often))|why|tell|can you|what (?:else|happened)|besides)\b", re.I
)
"""Questions that the next quotation goes on answering."""
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
    """said: the rewritten questions, each with its quotation; None if there was no answer."""

    id: str
    title: str
    section: str
    said: tuple[tuple[str, str | None], ...]

    @property
    def subject(self) -> str:
        return f"{self.title}, {self.section}"

    @property
    def quotations(self) -> list[str]:
        return list(dict.fromkeys(quotation for _, quotation in self.said if quotation))

    def told(self, n: int) -> list[str]:
        """What answers the question: its quotation and, if it is an open one, the next."""
        question, quotation = self.said[n]
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


def quoted_answers(examples: Iterable[RewritingExample], seed: int) -> Iterator[GroundingExample]:
    """Grounding examples from conversations, in the same order for the same examples."""
    conversations = list(_quoted_conversations(examples))
    draw = random.Random(seed)
    for conversation in conversations:
        others = [other for other in conversations if other.title != conversation.title]
        lenders = draw.sample(others, min(draw.randint(*DISTRACTORS), len(others)))
        yield from _quoted_examples(conversation, [draw.choice(other.passages) for other in lenders], draw)


def _quoted_examples(
    conversation: QuotedConversation, beside: Sequence[ExamplePassage], draw: random.Random
) -> Iterator[GroundingExample]:
    own = conversation.passages
    for n, (question, quotation) in enumerate(conversation.said):
        if quotation or draw.random() < NO_ANSWER_SHARE:
            yield _quoted_example(conversation, str(n), question, conversation.told(n), (*own, *beside))
    overview = draw.choice(SECTION_QUESTIONS).format(conversation.subject)
    told = conversation.quotations[:QUOTED_SENTENCES]
    yield _quoted_example(
        conversation,
        "overview",
        overview,
        told,
        (*own[: QUOTED_SENTENCES // QUOTATIONS_PER_PASSAGE], *beside),
    )


def _quoted_example(
    conversation: QuotedConversation,
    name: str,
    question: str,
    told: Sequence[str],
    passages: Sequence[ExamplePassage],
) -> GroundingExample:
    return GroundingExample(
        id=f"{conversation.id}:{name}",
        source=QUOTED,
        history=(),
        question=question,
        passages=tuple(passages),
        answer=" ".join(told),
        answerable=bool(told),
        evidence=tuple(passage.id for passage in passages if any(one in passage.text for one in told)),
    )


def _quoted_conversations(examples: Iterable[RewritingExample]) -> Iterator[QuotedConversation]:
    """Those with an opening that names the article and its section, and with quotations."""
    by_id: dict[str, list[RewritingExample]] = defaultdict(list)
    for example in examples:
        if example.source == QUOTED_SOURCE and example.history:
            by_id[example.id.rsplit("-", 1)[0]].append(example)
    for name, own in by_id.items():
        history = max(own, key=lambda example: len(example.history)).history
        title, _, section = history[0].text.partition(" – ")
        conversation = QuotedConversation(
            f"{QUOTED}:{name}", title, section, tuple(_quotations(history, own))
        )
        if section and conversation.quotations:
            yield conversation


def _quotations(
    history: Sequence[DialogueTurn], examples: Sequence[RewritingExample]
) -> Iterator[tuple[str, str | None]]:
    rewrites = {example.question: example.rewrite for example in examples}
    for asked, replied in pairwise(history):
        if (asked.role, replied.role) == ("user", "assistant") and asked.text in rewrites:
            if replied.text.startswith(NO_ANSWER):
                yield rewrites[asked.text], None
            elif len(replied.text.split()) >= MIN_QUOTATION_WORDS:
                yield rewrites[asked.text], _complete_sentence(replied.text)


def _complete_sentence(quotation: str) -> str:
    """A quotation may begin and end within a sentence."""
    text = quotation.strip().rstrip(",;:")
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(SENTENCE_ENDS) else '.'}"


JOINT_SOURCE, JOINT = "xquad", "joint"
JOINING_PHRASES = {"en": (", and {}", "? Also, {}", " and {}"), "zh": ("？另外，{}", "，{}", "？还有，{}")}
LOWERCASED_WORDS = (
    "what",
    "who",
    "when",
    "where",
    "which",
    "why",
    "how",
    "in",
    "did",
    "was",
    "is",
    "on",
    "to",
    "of",
)
"""First words of a question that are written small within another."""


def joint_questions(examples: Iterable[GroundingExample], seed: int) -> Iterator[GroundingExample]:
    """Each answered question with another one of its article, in the same order for the same examples."""
    articles: dict[tuple[str, str], list[GroundingExample]] = defaultdict(list)
    for example in examples:
        if (
            example.source == JOINT_SOURCE
            and example.answerable is True
            and example.language in JOINING_PHRASES
        ):
            articles[example.language, _article(example)].append(example)
    draw = random.Random(seed)
    for asked in articles.values():
        draw.shuffle(asked)
        yield from (_join(*pair, draw) for pair in zip(asked[::2], asked[1::2], strict=False))


def _article(example: GroundingExample) -> str:
    """Paragraphs are named by their article's number and their own, such as 22-0."""
    return group_of(example.id).partition("-")[0]


def _join(one: GroundingExample, other: GroundingExample, draw: random.Random) -> GroundingExample:
    joint = draw.choice(JOINING_PHRASES[one.language])
    passages = {passage.id: passage for passage in (*one.passages, *other.passages)}
    return GroundingExample(
        id=f"{one.id}:{JOINT}",
        source=JOINT,
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
    """The sentence that the answer stands in; the answer itself if no passage has it."""
    for text in (passage.text for passage in example.passages if passage.id in example.evidence):
        start = text.find(example.answer)
        if start >= 0:
            end = start + len(example.answer)
            return " ".join(" ".join(text[a:b] for a, b in sentences(text) if a < end and b > start).split())
    return example.answer


OVERVIEW_SOURCES = ("xquad", "cmrc")
SENTENCES_PER_PASSAGE = 2
"""Sentences of each passage."""
OVERVIEW_SENTENCES = 4
"""Sentences of an overview."""
OVERVIEW_QUESTIONS = {
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
        known = example.source in OVERVIEW_SOURCES and example.language in OVERVIEW_QUESTIONS
        if known and example.answerable is True and title and about not in seen:
            seen.add(about)
            yield _overview(
                example, draw.choice(OVERVIEW_QUESTIONS[example.language]).format(_plain_title(title)), about
            )


def _plain_title(title: str) -> str:
    """Without what only tells pages of one name apart."""
    return title.split("（")[0].split("(")[0].strip()


def _overview(example: GroundingExample, question: str, about: frozenset[str]) -> GroundingExample:
    told = [
        opening
        for passage in example.passages
        if passage.id in about
        for opening in _opening_sentences(passage)
    ]
    update = {
        "id": f"{example.id}:overview",
        "source": f"overview_{example.language}",
        "question": question,
        "answer": " ".join(told[:OVERVIEW_SENTENCES]),
        "evidence": tuple(passage.id for passage in example.passages if passage.id in about),
    }
    return example.model_copy(update=update)


def _opening_sentences(passage: ExamplePassage) -> list[str]:
    spans = list(sentences(passage.text))[:SENTENCES_PER_PASSAGE]
    return [" ".join(passage.text[start:end].split()) for start, end in spans]
