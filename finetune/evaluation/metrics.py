"""Metrics of a single reply or ranking, as fractions from 0 to 1.

Text: exact match, token F1, ROUGE-L, BLEU; the best of several references counts, and Chinese and Japanese are
compared character by character. Rankings: recall and nDCG at a cut-off. Grounding: K-precision, citation precision
and recall, abstention F1. Facts: whether a text states a fact, however it is formatted; a fact is a list of accepted
phrases, so `thirty days` has to be listed next to `30 days`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import log2

from sacrebleu.metrics.bleu import BLEU

from dialogue.segments import MARKERS
from finetune.evaluation.results import Share

_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_ARTICLES = frozenset({"a", "an", "the"})


def words(text: str) -> list[str]:
    """Lower-case words and numbers without punctuation, as ROUGE has them: `7.5 km` gives `7`, `5`, `km`."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def answer_tokens(text: str) -> list[str]:
    """Tokens as SQuAD has them: without articles, punctuation dropped within words (`7.5` gives `75`)."""
    kept = (c for c in unicodedata.normalize("NFKC", text).lower() if unicodedata.category(c)[0] not in "PS")
    return [word for word in _WORD.findall("".join(kept)) if word not in _ARTICLES]


def exact_match(text: str, references: Sequence[str]) -> float:
    """1.0 if the words of the text equal those of a reference, ignoring case, spaces and punctuation."""
    return float(any(words(text) == words(reference) for reference in references))


def token_f1(text: str, references: Sequence[str]) -> float:
    """F1 of the bags of tokens (Rajpurkar et al. 2016, SQuAD; Chinese by the character, as in CMRC 2018)."""
    return max(_bag_f1(answer_tokens(text), answer_tokens(reference)) for reference in references)


def rouge_l(text: str, references: Sequence[str]) -> float:
    """F1 of the longest common subsequence of words, without stemming (Lin 2004, ROUGE-L with beta 1)."""
    return max(_subsequence_f1(words(text), words(reference)) for reference in references)


def bleu(texts: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Corpus BLEU-4 (Papineni et al. 2002) by sacrebleu (Post 2018), `case:lc|tok:zh|smooth:exp`.

    `references` holds one or more accepted texts for each of `texts`. 0.0 of no texts.
    """
    if not texts:
        return 0.0
    most = max(len(accepted) for accepted in references)
    streams = [[accepted[min(i, len(accepted) - 1)] for accepted in references] for i in range(most)]
    return float(BLEU(lowercase=True, tokenize="zh").corpus_score(texts, streams).score) / 100


def _bag_f1(found: list[str], wanted: list[str]) -> float:
    if not found or not wanted:
        return float(found == wanted)
    return _f1((Counter(found) & Counter(wanted)).total(), len(found), len(wanted))


def _subsequence_f1(found: list[str], wanted: list[str]) -> float:
    return _f1(_longest_common(found, wanted), len(found), len(wanted))


def _f1(common: int, found: int, wanted: int) -> float:
    return 2 * common / (found + wanted) if common else 0.0


def _longest_common(left: list[str], right: list[str]) -> int:
    """Length of the longest common subsequence, in memory of one row."""
    lengths = [0] * (len(right) + 1)
    for word in left:
        diagonal = 0
        for i, other in enumerate(right, 1):
            above = lengths[i]
            lengths[i] = diagonal + 1 if word == other else max(above, lengths[i - 1])
            diagonal = above
    return lengths[-1]


def recall_at(k: int, ranked: Sequence[str], relevant: Mapping[str, int]) -> float:
    """Share of the relevant ids that are among the first `k`; `relevant` holds at least one."""
    return sum(id in relevant for id in ranked[:k]) / len(relevant)


def ndcg_at(k: int, ranked: Sequence[str], relevant: Mapping[str, int]) -> float:
    """Discounted cumulative gain of the first `k`, divided by the best possible one (Jarvelin and Kekalainen 2002).

    The gain is the grade itself, as trec_eval has it; every grade is above 0.
    """
    best = sorted(relevant.values(), reverse=True)
    return _discounted([relevant.get(id, 0) for id in ranked[:k]]) / _discounted(list(islice(best, k)))


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / log2(place + 1) for place, gain in enumerate(gains, 1))


@dataclass(frozen=True, slots=True)
class CitedPassages:
    """The passages that an answer cites, and those that contain the answer."""

    cited: frozenset[str]
    evidence: frozenset[str]


def strip_markers(text: str) -> str:
    """The answer's text without its citation markers `[n]`."""
    return MARKERS.sub("", text)


def k_precision(text: str, passages: Iterable[str]) -> float | None:
    """Share of the text's tokens that occur in its passages (Adlakha et al. 2023, K-Precision).

    A token counts as often as the passages hold it. None for a text without tokens: leave abstentions out.
    """
    tokens = Counter(answer_tokens(strip_markers(text)))
    if not tokens:
        return None
    known = Counter(token for passage in passages for token in answer_tokens(passage))
    return (tokens & known).total() / tokens.total()


def citation_precision(answer: CitedPassages) -> float | None:
    """Share of the cited passages that are evidence; None for an answer that cites nothing."""
    return len(answer.cited & answer.evidence) / len(answer.cited) if answer.cited else None


def citation_recall(answer: CitedPassages) -> float | None:
    """Share of the evidence that is cited, 0 for an abstention; None for a question that has none."""
    return len(answer.cited & answer.evidence) / len(answer.evidence) if answer.evidence else None


def abstention_f1(abstained: bool, answerable: bool) -> Share:
    """The share in the F1 of abstaining from the questions that cannot be answered: 2 TP over 2 TP + FP + FN."""
    return 2.0 * (abstained and not answerable), float(abstained) + float(not answerable)


_YES = frozenset(
    [
        "yes",
        "yeah",
        "yep",
        "ja",
        "oui",
        "si",
        "sí",
        "sì",
        "sim",
        "tak",
        "да",
        "はい",
        "ええ",
        "是",
        "是的",
        "对",
        "可以",
        "能",
        "会",
        "有",
        "네",
        "نعم",
    ]
)
_NO = frozenset(
    [
        "no",
        "nope",
        "nein",
        "non",
        "não",
        "nee",
        "nie",
        "нет",
        "いいえ",
        "不",
        "不是",
        "不能",
        "不可以",
        "不会",
        "不行",
        "不用",
        "没有",
        "否",
        "아니요",
        "لا",
    ]
)
_FIRST_WORD = re.compile(r"\W*(\w+)")


def yes_or_no(text: str) -> bool | None:
    """What an answer begins with; None if it is neither."""
    first = _FIRST_WORD.match(unicodedata.normalize("NFKC", text).lower())
    if first is None or first[1] not in _YES | _NO:
        return None
    return first[1] in _YES


_MARKUP = re.compile(r"[*_`]+")
_THOUSANDS = re.compile(r"(?<=\d)[,\u202f\u00a0'](?=\d{3}(?!\d))")
_NO_CENTS = re.compile(r"(?<=\d)[.,]00(?!\d)")
_PIECES = re.compile(r"[€$%°]|[^\s€$%°]+")
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")

Fact = Sequence[str]


def states_fact(text: str, fact: Fact) -> bool:
    """Whether a phrase of the fact occurs in the text as whole words.

    Case, markup, thousands separators and the space between a number and its unit or sign do not matter.
    `5 km` is neither in `15 km` nor in `7.5 km`.
    """
    plain = _normalise_fact(text)
    return any(_phrase_pattern(phrase).search(plain) for phrase in fact)


def missing_facts(text: str, facts: Iterable[Fact]) -> list[str]:
    """The first phrase of each fact that the text does not state."""
    return [fact[0] for fact in facts if not states_fact(text, fact)]


def _normalise_fact(text: str) -> str:
    text = _THOUSANDS.sub("", _MARKUP.sub("", text))
    text = _DASHES.sub("-", unicodedata.normalize("NFKC", text))
    return _NO_CENTS.sub("", text).replace("\u2019", "'").lower()


@lru_cache(maxsize=1024)
def _phrase_pattern(phrase: str) -> re.Pattern[str]:
    pieces = r"[\s-]*".join(re.escape(piece) for piece in _PIECES.findall(_normalise_fact(phrase)))
    return re.compile(rf"(?<![a-z0-9])(?<![0-9][.,]){pieces}(?![a-z0-9]|[.,][0-9])")
