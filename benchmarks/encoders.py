"""Which encoder, and whether keywords beside it: recall and nDCG on folders in BEIR form.

    python -m benchmarks.encoders [FOLDER...] [--encoders NAME...] [--json FILE]

Each encoder is measured alone, with keywords (BM25), and keywords alone stand beside them, for the raw question and for
a person's rewrite. Vectors are kept in `var/evaluation`: the first run takes minutes an encoder, the next ones seconds.
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
)
CACHE = Path("var/evaluation")


class Blind(Encoder):
    """Sees no difference between texts: what is left of a hybrid search is its keywords."""

    fingerprint = "blind"
    dimension = 1

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 1), np.float32)


def measure(searches: SearchSet, name: str, encoder: Encoder) -> Iterator[ResultRow]:
    """Rows without and with keywords, and on stderr how quickly the corpus was embedded where it was not kept."""
    began = perf_counter()
    open_index(searches, encoder, CACHE, KEYWORD_WEIGHT)
    rate = len(searches.corpus) / (perf_counter() - began)
    sys.stderr.write(
        f"{name}, {searches.name}: {rate:,.0f} passages/s, or as quickly as they were read from disk\n"
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
        row for one in searches for row in measure(one, "keywords", Blind()) if row["system"] != "keywords"
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
