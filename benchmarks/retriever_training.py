"""The gain from training the retriever: recall and nDCG before and after, on questions held out from training.

    python -m benchmarks.retriever_training [--contrastive] [--json FILE]

Trains on the training questions of `dstc11_faq`, of `xquad_*` and of the CMRC and COVID-QA rows in `grounding/train`,
split by conversation or paragraph as a dataset is. Measures on their test questions and on `mtrag_*`, which is never
trained on. Questions to hotels and restaurants are used as they were asked and, as the form `human`, with the name that
a rewrite would add. Searches with keywords, as the bot's are, are compared with searches by vectors alone.

`--contrastive` also trains MiniLM itself, which takes minutes on an idle machine; every corpus is then embedded again.
Runs are kept in `var/retriever`, vectors in `var/evaluation`.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from rich.console import Console

from benchmarks.weights import encoder_called, folder_called
from finetune.datasets.dataset import TEST, group_of
from finetune.datasets.search_set import SearchPassage, SearchQuestion, SearchSet
from finetune.evaluation.results import (
    Cell,
    Comparison,
    EvaluationResult,
    ResultRow,
    compare,
    interval_cells,
    results_table,
    write_results,
)
from finetune.evaluation.retrieval import evaluate_retrieval
from finetune.examples import GroundingExample, read_examples
from finetune.training.options import EncoderOptions, MapOptions
from finetune.training.retriever.data import RetrieverData, join_data, read_retriever_data, split_data
from finetune.training.retriever.encoder_objectives import train_contrastive
from finetune.training.retriever.query_map import train_query_map
from finetune.training.run import Run
from retrieval.encoders.loading import Encoder, load_encoder
from retrieval.encoders.query_map import MAP_FILE, MappedEncoder, QueryMap
from retrieval.index import KEYWORD_WEIGHT

DATA = Path("../shared/data/retrieval")
GROUNDED = Path("../shared/data/grounding/train.jsonl.gz")
FOLDERS, SOURCES = ("dstc11_faq", "xquad_en", "xquad_zh"), ("cmrc", "covidqa")
TRAINED_ON = (*FOLDERS, *SOURCES)
HELD_OUT = ("mtrag_cloud", "mtrag_clapnq")
RUNS, CACHE = Path("var/retriever"), Path("var/evaluation")
BASE_ENCODER = "all-MiniLM-L6-v2+multilingual"
ENCODER_OPTIONS = EncoderOptions(epochs=1, longest=96, batch=64, negatives=1, positives=2)


def data_of(name: str) -> RetrieverData:
    if name in SOURCES:
        return grounded(name)
    data = read_retriever_data([DATA / name])
    return named(data) if name == "dstc11_faq" else data


def grounded(source: str) -> RetrieverData:
    """The answerable questions of a source, with all of its passages as the corpus."""
    rows = [row for row in read_examples(GROUNDED, GroundingExample) if row.source == source]
    passages = {passage.text: passage for row in rows for passage in row.passages}
    asked = [row for row in rows if row.answerable is True]
    relevant = {row.id: {p.text: 1 for p in row.passages if p.id in row.evidence} for row in asked}
    corpus = (SearchPassage(_id=text, title=passage.title, text=text) for text, passage in passages.items())
    questions = (
        SearchQuestion(_id=row.id, conversation_id=group_of(row.id), question=row.question) for row in asked
    )
    return RetrieverData(SearchSet(source, tuple(corpus), tuple(questions), relevant), {})


def named(data: RetrieverData) -> RetrieverData:
    """Questions about a place, with its name in front of them, as a rewrite would add it."""
    titles = {passage.id: passage.title for passage in data.searches.corpus}

    def with_name(question: SearchQuestion) -> SearchQuestion:
        names = sorted({titles[id] for id in data.searches.relevant[question.id]})
        said = f"{' and '.join(names)}: {question.question}"
        return question.model_copy(update={"rewrite": said})

    questions = tuple(map(with_name, data.questions))
    return replace(data, searches=replace(data.searches, questions=questions))


def in_own_words(data: RetrieverData) -> RetrieverData:
    """The questions again without their rewrites, because the bot searches for both."""
    asked = [question.model_copy(update={"id": f"{question.id} raw"}) for question in data.questions]
    own = tuple(question.model_copy(update={"rewrite": None}) for question in asked)
    relevant = data.searches.relevant
    wanted = {f"{id} raw": passages for id, passages in relevant.items()}
    both = replace(data.searches, questions=(*data.questions, *own), relevant={**relevant, **wanted})
    return replace(data, searches=both)


def training_data() -> RetrieverData:
    return join_data(
        [in_own_words(data_of(name)) if name == "dstc11_faq" else data_of(name) for name in TRAINED_ON]
    )


def searches() -> list[SearchSet]:
    held_out = (replace(data_of(name).part(TEST).searches, name=name) for name in TRAINED_ON)
    return [*held_out, *(replace(data_of(name).searches, name=name) for name in HELD_OUT)]


def measured(encoder: Encoder, system: str, sets: Iterable[SearchSet]) -> list[EvaluationResult]:
    """Results with keywords, as the bot searches, and without."""
    results = []
    for one in sets:
        for weight, with_keywords in ((KEYWORD_WEIGHT, "yes"), (0.0, "no")):
            work = evaluate_retrieval(one, encoder, CACHE, system=system, keyword_weight=weight)
            found = (result for result in asyncio.run(work) if "+" not in result.label["form"])
            results += [replace(r, label={**r.label, "keywords": with_keywords}) for r in found]
    return results


def mapped(encoder: Encoder, data: RetrieverData) -> Encoder:
    options = MapOptions()
    run = Run.begin(RUNS / "map", options.record())
    if not run.finished:
        started = perf_counter()
        trained = train_query_map(run, encoder, *split_data(data), options, CACHE, show_progress)
        sys.stderr.write(
            f"\nmap: {trained.best.step} of {trained.looks[-1].step} steps, {perf_counter() - started:.0f} s\n"
        )
    return MappedEncoder(encoder, QueryMap.read(run.artifact / MAP_FILE))


def tuned(encoder: Encoder, data: RetrieverData) -> Encoder:
    run = Run.begin(RUNS / "contrastive", ENCODER_OPTIONS.record())
    if not run.finished:
        started = perf_counter()
        base = folder_called(BASE_ENCODER)
        assert base, "MiniLM has a folder"
        train_contrastive(run, base, encoder, *split_data(data), ENCODER_OPTIONS, CACHE)
        sys.stderr.write(f"contrastive: {perf_counter() - started:.0f} s\n")
    return load_encoder(BASE_ENCODER, run.artifact / "encoder")


def show_progress(done: int, total: int) -> None:
    sys.stderr.write(f"\r{done} of at most {total} steps")


def gains(
    before: Sequence[EvaluationResult], after: Sequence[EvaluationResult], system: str
) -> list[ResultRow]:
    """Each measure before and after, and the gain with its confidence interval from paired differences."""
    return [_gain(one) for one in compare([*before, *after], system)]


def _gain(comparison: Comparison) -> ResultRow:
    ours, (theirs,) = comparison.candidate, comparison.others
    row: dict[str, Cell] = {"set": ours.set, "system": ours.system, **ours.label, "n": len(ours.scored)}
    for measure, gain in comparison.gains(theirs).items():
        row |= {f"{measure}_before": theirs.value(measure), f"{measure}_after": ours.value(measure)}
        row |= interval_cells(f"{measure}_gain", gain)
    return row


def in_percent(row: ResultRow) -> ResultRow:
    """The row as printed: 48.0 to 77.9, +29.9 (25.2 to 34.5)."""
    cells = {name: row[name] for name in ("set", "system", "form", "keywords", "n")}
    for measure in ("recall_at_5", "ndcg_at_5"):
        before, after, gain, low, high = (
            100 * float(row[f"{measure}_{end}"] or 0)
            for end in ("before", "after", "gain", "gain_low", "gain_high")
        )
        cells[measure] = f"{before:.1f} to {after:.1f}"
        cells[f"{measure} gain"] = f"{gain:+.1f} ({low:+.1f} to {high:+.1f})"
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contrastive", action="store_true", help="train MiniLM too")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    encoder, data, sets = encoder_called(BASE_ENCODER), training_data(), searches()
    before = measured(encoder, BASE_ENCODER, sets)
    rows = gains(before, measured(mapped(encoder, data), "map", sets), "map")
    if given.contrastive:
        rows += gains(before, measured(tuned(encoder, data), "contrastive", sets), "contrastive")
    shown = [in_percent(row) for row in rows]
    Console().print(
        results_table(shown, "Gain from training, in percent, on questions held out from training")
    )
    if given.json:
        write_results(rows, given.json)


if __name__ == "__main__":
    main()
