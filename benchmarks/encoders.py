"""Recall and nDCG of encoders, with and without keywords, on folders in BEIR format.

    python -m benchmarks.encoders [FOLDER...] [--encoders NAME...] [--json FILE]

Each encoder is measured alone and with keywords (BM25), next to keywords alone, for the raw question and for a human
rewrite. Vectors are cached in `var/evaluation`: the first run takes minutes per encoder, later ones seconds.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from rich.console import Console

from benchmarks.weights import encoder_called
from finetune.datasets.search_set import SearchSet, read_search_set
from finetune.evaluation.results import ResultRow, result_rows, results_table, write_results
from finetune.evaluation.retrieval import evaluate_retrieval, open_index
from retrieval.encoders.loading import Encoder, Vectors
from retrieval.index import KEYWORD_WEIGHT

DATA = Path("../shared/data/retrieval")
SETS = ("mtrag_cloud", "mtrag_clapnq", "dstc11_faq", "xquad_en", "xquad_zh")
ENCODERS = (
    "all-MiniLM-L6-v2",
    "universal-sentence-encoder-multilingual",
    "all-MiniLM-L6-v2+multilingual",
    "multilingual-e5-small",
    "all-MiniLM-L6-v2+e5",
)
CACHE = Path("var/evaluation")


class ConstantEncoder(Encoder):
    """Gives every text the same vector, so that keywords alone decide a hybrid search."""

    fingerprint = "constant"
    dimension = 1

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 1), np.float32)


def measure(searches: SearchSet, name: str, encoder: Encoder) -> Iterator[ResultRow]:
    """Rows without and with keywords; writes the speed of embedding the corpus to stderr."""
    started = perf_counter()
    open_index(searches, encoder, CACHE, KEYWORD_WEIGHT)
    rate = len(searches.corpus) / (perf_counter() - started)
    sys.stderr.write(
        f"{name}, {searches.name}: {rate:,.0f} passages/s (if cached, the speed of reading from disk)\n"
    )
    for weight, system in ((0.0, name), (KEYWORD_WEIGHT, f"{name} + BM25")):
        work = evaluate_retrieval(searches, encoder, CACHE, system=system, keyword_weight=weight)
        yield from result_rows(asyncio.run(work))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, default=[DATA / name for name in SETS])
    parser.add_argument("--encoders", nargs="+", default=ENCODERS)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    searches = [read_search_set(folder) for folder in given.folders]
    rows = [
        row
        for one in searches
        for row in measure(one, "keywords", ConstantEncoder())
        if row["system"] != "keywords"
    ]
    for name in given.encoders:
        encoder = encoder_called(name)
        rows += [row for one in searches for row in measure(one, name, encoder)]
    rows.sort(key=lambda row: [one.name for one in searches].index(str(row["set"])))
    Console().print(results_table(rows, "Encoders, with and without keywords"))
    if given.json:
        write_results(rows, given.json)


if __name__ == "__main__":
    main()
