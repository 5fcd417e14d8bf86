"""How close a text is to the texts that were expected: exact match, token F1, ROUGE-L, BLEU.

All are fractions from 0 to 1, and the best of several references counts. Every row counts, an empty text as
0; what to leave out is up to the caller. Chinese and Japanese are compared by the character, the rest by the
word. Knows nothing of questions or passages.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from sacrebleu.metrics.bleu import BLEU

_CHARACTER = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_CHARACTER}]|[^\W_{_CHARACTER}]+")
_ARTICLES = frozenset({"a", "an", "the"})


def words(text: str) -> list[str]:
    """Lower-case words and numbers without punctuation, as ROUGE has them: `7.5 km` gives `7`, `5`, `km`."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def answer_tokens(text: str) -> list[str]:
    """Tokens as SQuAD has them: without articles, punctuation dropped within words (`7.5` gives `75`)."""
    kept = (c for c in unicodedata.normalize("NFKC", text).lower() if unicodedata.category(c)[0] not in "PS")
    return [word for word in _WORD.findall("".join(kept)) if word not in _ARTICLES]


def exact_match(text: str, references: Sequence[str]) -> float:
    """1.0 if the words of the text are those of a reference, whatever the case, spaces and punctuation."""
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
