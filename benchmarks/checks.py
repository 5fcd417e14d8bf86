"""How often the check of an answer passes sound answers, and answers that were made wrong in one place.

    python -m benchmarks.checks [FILE] [--chunks FILE] [--examples 0]

FILE holds dialogues with answers that people would sign (`turns` with `answer`, `evidence`, `near`), as
`shared/data/support`. A sound answer passes if nothing of it is left out. One sentence of each is corrupted in every
way that it allows: a number, a unit, a name replaced, a negation put in or taken out, a clause of another answer added.
Beside it the plain check by word overlap: half of the words, and all numbers, in one passage.
"""

import gzip
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from dialogue.citations import check_citations, markers
from dialogue.conversation import Passage
from dialogue.language import content_words, numbers
from dialogue.names import capitalized, identifiers
from dialogue.segments import MARKERS, segments
from dialogue.support import LIST_ITEM

SUPPORT = Path("../shared/data/support")
PLAIN_SHARE = 0.5
UNITS = (
    ("MB", "GB", "KB", "TB"),
    ("days", "weeks", "months", "years", "hours", "minutes", "seconds"),
    ("Tage", "Wochen", "Monate", "Jahre", "Stunden", "Minuten", "Sekunden"),
    ("jours", "semaines", "mois", "heures", "minutes"),
    ("días", "semanas", "meses", "horas", "minutos"),
    ("天", "个月", "小时", "分钟", "秒"),
    ("percent", "euros", "dollars", "pounds"),
    ("%", " dB"),
    ("euros", "dollars"),
    ("$", "€"),
    ("mm", "cm", "km"),
)
NEGATIONS = (
    (r"\b(is|are|can|does|do|will|must|should|has|have) (?!not\b)", r"\1 not "),
    (r"\b(is|are|can|does|do|will|must|should|has|have) not\b", r"\1"),
    (r"\b(ist|sind|kann|können|wird|werden|darf|muss) (?!nicht\b|kein)", r"\1 nicht "),
    (r" nicht\b", ""),
    (r"\bkein(e[rmns]?)?\b", r"ein\1"),
    (r"(?<=[\u4e00-\u9fff])(可以|能|会|需要|支持)", r"不\1"),
    (r"不(可以|能|会|需要|支持)", r"\1"),
)

console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """language: of the answer, and of the documents."""

    language: str
    question: str
    answer: str
    passages: tuple[Passage, ...]


Corrupt = Callable[[str, AnsweredQuestion, random.Random], str | None]
"""Makes a sentence wrong; None if it cannot."""


def run(
    file: Annotated[Path, typer.Argument()] = SUPPORT / "dev.jsonl.gz",
    chunks: Path = SUPPORT / "chunks.jsonl.gz",
    examples: int = 0,
) -> None:
    """Count, and print."""
    answers = list(_answers(file, {row["id"]: row for row in _lines(chunks)}))
    table = Table(
        "", "n", "check", "plain overlap", title=f"{file.parent.name}/{file.name}: share that passes"
    )
    _row(table, "sound answers", answers, [one.answer for one in answers], examples)
    by_language = Counter(one.language for one in answers)
    for language in (name for name, n in by_language.most_common() if n > 9):
        own = [one for one in answers if one.language == language]
        _row(table, f"  {language}", own, [one.answer for one in own], 0)
    others = [_tail(one.answer) for one in answers]
    for kind, corrupt in (*CORRUPTIONS.items(), ("a clause added", _adding(answers, others))):
        wrong = [(one, made) for one in answers if (made := _corrupted(one, corrupt))]
        _row(table, kind, [one for one, _ in wrong], [made for _, made in wrong], examples, passing=True)
    console.print(table)


def _row(
    table: Table,
    name: str,
    answers: Sequence[AnsweredQuestion],
    texts: Sequence[str],
    examples: int,
    *,
    passing: bool = False,
) -> None:
    both = [
        (_passes(one, text), _passes_plainly(one, text)) for one, text in zip(answers, texts, strict=True)
    ]
    share = [f"{sum(column) / max(1, len(both)):.1%}" for column in zip(*both, strict=True)] or ["-", "-"]
    table.add_row(name, str(len(both)), *share)
    shown = [text for (passed, _), text in zip(both, texts, strict=True) if passed is passing]
    for text in shown[:examples]:
        console.print(f"{name} {'passes' if passing else 'fails'}: {text!r}", markup=False)


def _passes(one: AnsweredQuestion, text: str) -> bool:
    checked = check_citations(text, one.passages, one.question).text
    return _bare(checked) == _bare(text)


def _bare(text: str) -> str:
    return re.sub(r"\s", "", MARKERS.sub("", text))


def _passes_plainly(one: AnsweredQuestion, text: str) -> bool:
    """Whether every sentence has half of its words, and all of its numbers, in one passage; as before this check."""
    return all(
        any(_overlaps(bare, f"{p.title} {p.text}", one.question) for p in one.passages)
        for segment in segments(text)
        if (bare := LIST_ITEM.sub("", MARKERS.sub("", segment.text))) and not bare.endswith((":", "："))
    )


def _overlaps(sentence: str, text: str, question: str) -> bool:
    words = content_words(sentence)
    enough = len(words & content_words(text)) >= PLAIN_SHARE * len(words)
    return enough and numbers(sentence) <= numbers(text) | numbers(question)


def _corrupted(one: AnsweredQuestion, corrupt: Corrupt) -> str | None:
    """The answer with its first sentence that can be made wrong so."""
    chance = random.Random(one.answer)
    for segment in segments(one.answer):
        cut = MARKERS.search(segment.text)
        claim = segment.text[: cut.start()] if cut else segment.text
        made = corrupt(claim, one, chance)
        if made and made != claim:
            return one.answer.replace(claim, made, 1)
    return None


def _number(claim: str, one: AnsweredQuestion, chance: random.Random) -> str | None:
    """Another number that none of the passages has."""
    known = numbers(" ".join([one.question, one.answer, *(p.text for p in one.passages)]))
    found = [match for match in re.finditer(r"(?<![\w.,])\d+(?![\w.,]*\d)", claim) if match.start() > 3]
    other = next(n for n in iter(lambda: str(chance.randint(2, 400)), "") if n not in known)
    return claim[: found[0].start()] + other + claim[found[0].end() :] if found else None


def _number_nearby(claim: str, one: AnsweredQuestion, chance: random.Random) -> str | None:
    """Another number of the passages that the answer cites."""
    cited = {p.n for p in one.passages} & set(markers(one.answer))
    near = sorted(
        numbers(" ".join(p.text for p in one.passages if p.n in cited)) - numbers(one.answer + one.question)
    )
    found = [match for match in re.finditer(r"(?<![\w.,])\d+(?![\w.,]*\d)", claim) if match.start() > 3]
    return (
        claim[: found[0].start()] + chance.choice(near) + claim[found[0].end() :] if found and near else None
    )


def _unit(claim: str, one: AnsweredQuestion, chance: random.Random) -> str | None:
    for kind in UNITS:
        for unit in kind:
            edge = r"(?![^\W\d_])" if unit[-1].isascii() and unit[-1].isalpha() else ""
            if re.search(rf"\d\s?{re.escape(unit)}{edge}", claim):
                return claim.replace(unit, chance.choice([other for other in kind if other != unit]), 1)
    return None


def _name(claim: str, one: AnsweredQuestion, chance: random.Random) -> str | None:
    """Another name, of a passage that does not answer, in place of one."""
    known = {word.lower() for word in re.findall(r"[\w-]+", one.answer + one.question)}
    own = [w for w in re.findall(r"[\w-]+", claim) if w.lower() in capitalized(claim) | identifiers(claim)]
    cited = " ".join(p.text + p.title for p in one.passages if p.n in set(markers(one.answer))).lower()
    others = sorted(
        {w for p in one.passages for w in re.findall(r"[A-Z][\w-]{3,}", p.text) if w.lower() not in cited}
        - known
    )
    return claim.replace(own[0], chance.choice(others), 1) if own and others else None


def _negation(claim: str, one: AnsweredQuestion, chance: random.Random) -> str | None:
    for pattern, changed in NEGATIONS:
        made = re.sub(pattern, changed, claim, count=1)
        if made != claim:
            return made
    return None


def _tail(answer: str) -> str:
    """The last clause of an answer."""
    clauses = [part.strip() for part in re.split(r"[,;:，；：、\n]", MARKERS.sub("", answer))]
    return next((clause for clause in reversed(clauses) if len(content_words(clause)) in range(4, 9)), "")


def _adding(answers: Sequence[AnsweredQuestion], tails: Sequence[str]) -> Corrupt:
    """Adds a clause of another answer in the same language."""
    by_language: defaultdict[str, list[str]] = defaultdict(list)
    for one, tail in zip(answers, tails, strict=True):
        if tail:
            by_language[one.language].append(tail)

    def add(claim: str, one: AnsweredQuestion, chance: random.Random) -> str | None:
        others = [tail for tail in by_language[one.language] if tail not in one.answer]
        return f"{claim}, {chance.choice(others).rstrip('.。')}" if others and claim.strip() else None

    return add


CORRUPTIONS: Mapping[str, Corrupt] = {
    "another number": _number,
    "another number of the passage": _number_nearby,
    "another unit": _unit,
    "another name": _name,
    "negation": _negation,
}


def _answers(path: Path, chunks: Mapping[str, dict[str, Any]]) -> Iterator[AnsweredQuestion]:
    for row in _lines(path):
        for turn in row["turns"]:
            if turn["answerable"] is True:
                shown = dict.fromkeys([*(one["chunk"] for one in turn["evidence"]), *turn["near"]])
                passages = tuple(_passage(n, chunks[key]) for n, key in enumerate(shown, 1))
                yield AnsweredQuestion(row["language"], turn["rewrite"], turn["answer"], passages)


def _passage(n: int, chunk: dict[str, Any]) -> Passage:
    title = " - ".join(part for part in (chunk["title"], chunk["heading"]) if part)
    return Passage(n, chunk["id"], title, chunk["document"], chunk["text"], 1.0)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    yield from (json.loads(line) for line in text.split("\n") if line.strip())


if __name__ == "__main__":
    typer.run(run)
