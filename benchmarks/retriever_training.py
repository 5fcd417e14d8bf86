"""What training gives the retriever: recall and nDCG before and after, on questions that nothing was learnt from.

    python -m benchmarks.retriever_training [--contrastive] [--json FILE]

Learns from the training questions of `dstc11_faq`, of `xquad_*` and of the CMRC and COVID-QA rows in `grounding/train`,
split by conversation or paragraph as a dataset is. Measures on their test questions and on `mtrag_*`, of which nothing
is ever learnt. Questions to hotels and restaurants are learnt and measured as they were asked and, as the form `human`,
with the name that was said before, as a rewrite has it. Beside the searches of the bot, with keywords, stand those by
vectors alone.

`--contrastive` also trains MiniLM itself: minutes on an idle machine, and every corpus has to be embedded again. Runs
are kept in `var/retriever`, vectors in `var/evaluation`.
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
LEARNT = (*FOLDERS, *SOURCES)
NEVER_LEARNT = ("mtrag_cloud", "mtrag_clapnq")
HOME, CACHE = Path("var/retriever"), Path("var/evaluation")
BEFORE = "all-MiniLM-L6-v2+multilingual"
BATCH = EncoderOptions(epochs=1, longest=96, batch=64, negatives=1, positives=2)


def material_of(name: str) -> RetrieverData:
    if name in SOURCES:
        return grounded(name)
    material = read_retriever_data([DATA / name])
    return named(material) if name == "dstc11_faq" else material


def grounded(source: str) -> RetrieverData:
    """The answered questions of a source, among all passages of it."""
    rows = [row for row in read_examples(GROUNDED, GroundingExample) if row.source == source]
    passages = {passage.text: passage for row in rows for passage in row.passages}
    asked = [row for row in rows if row.answerable is True]
    relevant = {row.id: {p.text: 1 for p in row.passages if p.id in row.evidence} for row in asked}
    corpus = (SearchPassage(_id=text, title=passage.title, text=text) for text, passage in passages.items())
    questions = (
        SearchQuestion(_id=row.id, conversation_id=group_of(row.id), question=row.question) for row in asked
    )
    return RetrieverData(SearchSet(source, tuple(corpus), tuple(questions), relevant), {})


def named(material: RetrieverData) -> RetrieverData:
    """The questions about a place, with its name before them as a rewrite would have it."""
    titles = {passage.id: passage.title for passage in material.searches.corpus}

    def with_name(question: SearchQuestion) -> SearchQuestion:
        names = sorted({titles[id] for id in material.searches.relevant[question.id]})
        said = f"{' and '.join(names)}: {question.question}"
        return question.model_copy(update={"rewrite": said})

    questions = tuple(map(with_name, material.questions))
    return replace(material, searches=replace(material.searches, questions=questions))


def in_own_words(material: RetrieverData) -> RetrieverData:
    """The questions once more without what was made of them: the bot searches for both."""
    asked = [question.model_copy(update={"id": f"{question.id} raw"}) for question in material.questions]
    own = tuple(question.model_copy(update={"rewrite": None}) for question in asked)
    relevant = material.searches.relevant
    wanted = {f"{id} raw": passages for id, passages in relevant.items()}
    both = replace(material.searches, questions=(*material.questions, *own), relevant={**relevant, **wanted})
    return replace(material, searches=both)


def to_learn() -> RetrieverData:
    return join_data(
        [in_own_words(material_of(name)) if name == "dstc11_faq" else material_of(name) for name in LEARNT]
    )


def searches() -> list[SearchSet]:
    held_out = (replace(material_of(name).part(TEST).searches, name=name) for name in LEARNT)
    return [*held_out, *(replace(material_of(name).searches, name=name) for name in NEVER_LEARNT)]


def measured(encoder: Encoder, system: str, sets: Iterable[SearchSet]) -> list[EvaluationResult]:
    """With keywords, as the bot searches, and without."""
    results = []
    for one in sets:
        for weight, with_keywords in ((KEYWORD_WEIGHT, "yes"), (0.0, "no")):
            work = evaluate_retrieval(one, encoder, CACHE, system=system, keyword_weight=weight)
            found = (result for result in asyncio.run(work) if "+" not in result.label["form"])
            results += [replace(r, label={**r.label, "keywords": with_keywords}) for r in found]
    return results


def mapped(encoder: Encoder, material: RetrieverData) -> Encoder:
    options = MapOptions()
    run = Run.begin(HOME / "map", options.record())
    if not run.finished:
        began = perf_counter()
        learnt = train_query_map(run, encoder, *split_data(material), options, CACHE, counted)
        sys.stderr.write(
            f"\nmap: {learnt.best.step} of {learnt.looks[-1].step} steps, {perf_counter() - began:.0f} s\n"
        )
    return MappedEncoder(encoder, QueryMap.read(run.artifact / MAP_FILE))


def tuned(encoder: Encoder, material: RetrieverData) -> Encoder:
    run = Run.begin(HOME / "contrastive", BATCH.record())
    if not run.finished:
        began = perf_counter()
        base = folder_called(BEFORE)
        assert base, "MiniLM has a folder"
        train_contrastive(run, base, encoder, *split_data(material), BATCH, CACHE)
        sys.stderr.write(f"contrastive: {perf_counter() - began:.0f} s\n")
    return load_encoder(BEFORE, run.artifact / "encoder")


def counted(done: int, total: int) -> None:
    sys.stderr.write(f"\r{done} of at most {total} steps")


def gains(
    before: Sequence[EvaluationResult], after: Sequence[EvaluationResult], system: str
) -> list[ResultRow]:
    """Each measure before and after, and its rise with the interval of paired differences."""
    return [_gain(one) for one in compare([*before, *after], system)]


def _gain(comparison: Comparison) -> ResultRow:
    ours, (theirs,) = comparison.candidate, comparison.others
    row: dict[str, Cell] = {"set": ours.set, "system": ours.system, **ours.label, "n": len(ours.scored)}
    for measure, gain in comparison.gains(theirs).items():
        row |= {f"{measure}_before": theirs.value(measure), f"{measure}_after": ours.value(measure)}
        row |= interval_cells(f"{measure}_gain", gain)
    return row


def in_percent(row: ResultRow) -> ResultRow:
    """The row as it is printed: 48.0 to 77.9, +29.9 (25.2 to 34.5)."""
    told = {name: row[name] for name in ("set", "system", "form", "keywords", "n")}
    for measure in ("recall_at_5", "ndcg_at_5"):
        before, after, gain, low, high = (
            100 * float(row[f"{measure}_{end}"] or 0)
            for end in ("before", "after", "gain", "gain_low", "gain_high")
        )
        told[measure] = f"{before:.1f} to {after:.1f}"
        told[f"{measure} gain"] = f"{gain:+.1f} ({low:+.1f} to {high:+.1f})"
    return told


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contrastive", action="store_true", help="train MiniLM too")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    encoder, material, sets = encoder_called(BEFORE), to_learn(), searches()
    before = measured(encoder, BEFORE, sets)
    rows = gains(before, measured(mapped(encoder, material), "map", sets), "map")
    if given.contrastive:
        rows += gains(before, measured(tuned(encoder, material), "contrastive", sets), "contrastive")
    shown = [in_percent(row) for row in rows]
    Console().print(
        results_table(shown, "What training gives, in percent, on questions that nothing was learnt from")
    )
    if given.json:
        write_results(rows, given.json)


if __name__ == "__main__":
    main()
