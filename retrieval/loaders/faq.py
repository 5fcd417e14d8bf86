"""Questions with answers in a table or in JSON lines: every entry is a document of its own.

The columns are known by their names, in many languages and in several languages side by side (`q_en`, `q_fr`, `a_en`,
`a_fr`), or by what they hold: one in which most cells end with a question mark, beside the one
with the longest text. Somebody who knows better may choose them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from retrieval.documents import Document, DocumentBuilder
from retrieval.loaders import Columns, find_loader
from retrieval.tables import Row, Table


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_QUESTIONS = _words(
    "question questions q frage fragen pregunta preguntas domanda domande pergunta perguntas vraag vragen pytanie "
    "otázka otazka kérdés fråga spørgsmål spørsmål kysymys soru вопрос вопросы питання ερώτηση سؤال שאלה प्रश्न "
    "问题 問題 提问 質問 질문 pertanyaan intrebare întrebare"
)
_ANSWERS = _words(
    "answer answers a reply response antwort antworten respuesta respuestas réponse réponses reponse risposta risposte "
    "resposta respostas antwoord antwoorden odpowiedź odpowiedz odpověď odpoved válasz svar vastaus cevap yanıt ответ "
    "ответы відповідь απάντηση جواب תשובה उत्तर 答案 回答 解答 答复 答覆 답변 대답 jawaban raspuns răspuns"
)
_PARTS = re.compile(r"[\s_.:/()\[\]-]+")
_QUESTION_MARK = re.compile(r"[?？؟]\W*$")
_MOST_WORDS = 3
"""Of the head of such a column."""
_OTHERWISE = _words("id ids no nr num number type count date url link source category")
_MOST_COLUMNS = 8
_LEAST_SHARE = 0.6
_LEAST_ANSWER = 20
_MARKDOWN = re.compile(r"\]\(|\*\*\w|^#{1,6} |^[*-] ", re.MULTILINE)
_HTML = re.compile(r"</?(?:p|a|b|i|br|li|ul|ol|em|strong|div|span|table|h[1-6])\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ColumnPair:
    """The columns of question and answer; name: the language, or what else tells it from the table's other pairs."""

    question: int
    answer: int
    name: str = ""


def find_pairs(table: Table, chosen: Columns = ()) -> list[ColumnPair]:
    """The columns that hold questions and their answers; none where the table is no list of questions.

    chosen: the heads of such columns; a table that has none of them is judged as any other.
    """
    return named_pairs(table.heads, chosen) or _by_contents(table.rows)


def named_pairs(heads: Row, chosen: Columns = ()) -> list[ColumnPair]:
    """The columns that were chosen, or whose heads say question and answer, one pair for each language."""
    return _chosen_pairs(heads, chosen) or _pairs_by_name(heads)


def _chosen_pairs(heads: Row, chosen: Columns) -> list[ColumnPair]:
    """Case and white space apart; several pairs of one table are told apart by the heads of their questions."""
    places = {_plain(head or ""): column for column, head in enumerate(heads)}
    names = [(_plain(question), _plain(answer)) for question, answer in chosen]
    return [ColumnPair(places[q], places[a], q) for q, a in names if q in places and a in places]


def _plain(head: str) -> str:
    return " ".join(head.split()).casefold()


def _pairs_by_name(heads: Row) -> list[ColumnPair]:
    questions: dict[str, int] = {}
    answers: dict[str, int] = {}
    for column, head in enumerate(heads):
        for names, found in ((_QUESTIONS, questions), (_ANSWERS, answers)):
            rest = _rest(head or "", names)
            if rest is not None:
                found.setdefault(rest, column)
    pairs = [ColumnPair(column, answers[name], name) for name, column in questions.items() if name in answers]
    if not pairs and questions and answers:
        pairs = [ColumnPair(next(iter(questions.values())), next(iter(answers.values())))]
    return pairs


def read_entries(rows: Sequence[Row], pairs: Sequence[ColumnPair], source: str) -> Iterator[Document]:
    """One document for each question that has an answer."""
    for number, row in enumerate(rows, 1):
        for pair in pairs:
            question, answer = (row[pair.question] or "", row[pair.answer] or "")
            suffix = f".{pair.name}" if pair.name and len(pairs) > 1 else ""
            if question.strip() and answer.strip():
                yield _entry(question, answer, f"{source}#{number}{suffix}")


def _rest(head: str, names: frozenset[str]) -> str | None:
    """What a head says beside one of the names; None where it says none of them."""
    words = [*filter(None, _PARTS.split(head.casefold()))]
    rest = [
        word
        for word in words
        if word not in names and not any(name in word for name in names if name > "\u0fff")
    ]
    if len(words) == len(rest) or len(words) > _MOST_WORDS or not _OTHERWISE.isdisjoint(rest):
        return None
    return " ".join(rest)


def _by_contents(rows: Sequence[Row]) -> list[ColumnPair]:
    columns = [[cell for cell in column if cell] for column in zip(*rows, strict=True)]
    if not 2 <= len(columns) <= _MOST_COLUMNS or len(rows) < 2:
        return []
    asked = [_share(map(_QUESTION_MARK.search, cells)) for cells in columns]
    question = max(range(len(columns)), key=asked.__getitem__)
    others = [
        n for n, cells in enumerate(columns) if n != question and len(cells) >= _LEAST_SHARE * len(rows)
    ]
    answer = max(others, key=lambda n: _mean_length(columns[n]), default=None)
    if answer is None or asked[question] < _LEAST_SHARE or asked[answer] > 1 - _LEAST_SHARE:
        return []
    return [ColumnPair(question, answer)] if _mean_length(columns[answer]) >= _LEAST_ANSWER else []


def _share(found: Iterable[object]) -> float:
    counted = [bool(one) for one in found]
    return sum(counted) / max(1, len(counted))


def _mean_length(cells: Sequence[str]) -> float:
    return sum(map(len, cells)) / max(1, len(cells))


def _entry(question: str, answer: str, source: str) -> Document:
    """The question is the heading; the answer may be written in HTML or Markdown."""
    draft = DocumentBuilder()
    draft.heading(1, question)
    text = answer.replace("\\n", "\n")
    suffix = ".html" if _HTML.search(text) else ".md" if _MARKDOWN.search(text) else None
    if suffix:
        for document in find_loader(suffix)(text.encode(), source):
            draft.include(document, below=1)
    else:
        for line in text.splitlines():
            draft.block(line)
    return draft.document(source, question)
