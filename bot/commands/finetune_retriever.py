"""`groundtalk finetune retriever`: trains a map of the questions, or a whole encoder, from examples or documents."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bot.commands.progress import StepProgress, content_digest, training_bar
from bot.configuration import load_configured
from bot.errors import SettingsError
from bot.models.download import Hub
from bot.models.engines import load_configured_encoder
from bot.models.loader import newest_index
from bot.models.weights import Weights
from bot.settings import Settings
from dialogue.store.store import Store
from finetune.datasets.dataset import TRAIN, VALIDATION, Dataset, find_dataset
from finetune.migrations import upgrade
from finetune.release import Release
from finetune.releases import Releases
from finetune.training.options import EncoderOptions, MapOptions
from finetune.training.retriever.data import RetrieverData, read_retriever_data, split_data
from finetune.training.run import Run, run_name
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.names import weights_of
from retrieval.snapshots import Snapshot

SEARCHES = Path("evaluation", "searches")
"""The folder in DATA_DIR where vectors of passages are kept."""


class Method(StrEnum):
    MAP = "map"
    CONTRASTIVE = "contrastive"
    CLOZE = "cloze"
    DISTILLATION = "distillation"


Files = Annotated[
    list[Path] | None,
    typer.Argument(exists=True, help="Files of retrieval examples, or folders in BEIR form."),
]
How = Annotated[
    Method, typer.Option(help="cloze: from the ingested documents; distillation: from the --teacher.")
]
Set = Annotated[str | None, typer.Option("--dataset", help="For example d-0123456789ab.")]
Name = Annotated[
    str | None, typer.Option(help="The run's folder in DATA_DIR/runs; an interrupted run is resumed.")
]

app = typer.Typer()


@dataclass(frozen=True, slots=True)
class RetrieverTask:
    """What to train. files: everything to learn from; chosen: the options that were given."""

    settings: Settings
    method: Method
    files: Sequence[Path]
    dataset: Dataset | None
    teacher: str
    chosen: Mapping[str, Any]

    @property
    def options(self) -> MapOptions | EncoderOptions:
        return replace(MapOptions() if self.method is Method.MAP else EncoderOptions(), **self.chosen)

    @property
    def documents(self) -> Path | None:
        """The snapshot of the ingested documents to learn from; None if it learns from something else."""
        if self.method is not Method.CLOZE or self.files:
            return None
        index = newest_index(self.settings)
        return index.path_of(index.current() or "") if index else None

    @property
    def record(self) -> dict[str, Any]:
        """What the run is made from; a run with the same record is resumed."""
        return {
            "base": self.settings.encoder,
            "method": self.method.value,
            "dataset": self.dataset.id if self.dataset else None,
            "files": {path.name: content_digest(path) for path in self.files},
            "documents": self.documents.name if self.documents else None,
            "teacher": self.teacher if self.method is Method.DISTILLATION else None,
            "options": self.options.record(),
        }


@app.command()
def retriever(
    files: Files = None,
    dataset: Set = None,
    method: How = Method.MAP,
    teacher: Annotated[str, typer.Option(help="An encoder's name or folder.")] = "all-mpnet-base-v2",
    name: Name = None,
    learning_rate: Annotated[float | None, typer.Option(min=0)] = None,
    epochs: Annotated[float | None, typer.Option(min=0, help="For an encoder only.")] = None,
    batch: Annotated[int | None, typer.Option(min=1)] = None,
    seed: Annotated[int | None, typer.Option()] = None,
) -> None:
    """Train the retriever on a dataset, on FILES, or on the documents alone; the result is a release."""
    settings = load_configured()
    known = find_dataset(settings.datasets, dataset) if dataset else None
    given = {"learning_rate": learning_rate, "epochs": epochs, "batch": batch, "seed": seed}
    chosen = {
        key: value
        for key, value in given.items()
        if value is not None and not (key == "epochs" and method is Method.MAP)
    }
    task = RetrieverTask(settings, method, [*_examples(known), *(files or ())], known, teacher, chosen)
    record = task.record
    run = Run.begin(settings.runs / (name or run_name(f"retriever-{method}", record)), record)
    if not run.finished:
        with training_bar(f"{method} retriever") as report:
            _train(task, run, report)
    release = asyncio.run(_kept(task, run))
    Console().print(
        f"{release.id}: `groundtalk releases promote {release.id}` makes it live.", soft_wrap=True
    )


def _examples(dataset: Dataset | None) -> Iterator[Path]:
    if dataset:
        paths = (dataset.path("retrieval", split) for split in (TRAIN, VALIDATION))
        yield from (path for path in paths if path)


def _train(task: RetrieverTask, run: Run, report: StepProgress) -> None:
    weights = Weights(task.settings.weights_dir, Hub(task.settings.hf_endpoint))
    cache = task.settings.data_dir / SEARCHES
    match task.options:
        case MapOptions() as options:
            _train_map(task, run, weights, options, cache, report)
        case options:
            _train_encoder(task, run, weights, options, cache, report)


def _train_map(
    task: RetrieverTask, run: Run, weights: Weights, options: MapOptions, cache: Path, report: StepProgress
) -> None:
    from finetune.training.retriever.query_map import train_query_map

    encoder = load_configured_encoder(task.settings, weights)
    train_query_map(run, encoder, *_material(task), options, cache, report)


def _train_encoder(
    task: RetrieverTask,
    run: Run,
    weights: Weights,
    options: EncoderOptions,
    cache: Path,
    report: StepProgress,
) -> None:
    from bot.training import ProgressCallback
    from finetune.training.retriever.encoder_objectives import train_cloze, train_contrastive, train_distilled

    base = _folder(weights, weights_of(task.settings.encoder)[0])
    callbacks = [ProgressCallback(report)]
    if task.method is Method.CLOZE:
        texts = _material(task)[0].passages if task.files else _texts(task.documents)
        train_cloze(run, base, texts, options, callbacks)
    elif task.method is Method.CONTRASTIVE:
        finder = load_configured_encoder(task.settings, weights)
        train_contrastive(run, base, finder, *_material(task), options, cache, callbacks)
    else:
        teacher = load_encoder(task.teacher, *map(weights.locate, weights_of(task.teacher)))
        train_distilled(run, base, teacher, *_material(task), options, cache, callbacks)


def _material(task: RetrieverTask) -> tuple[RetrieverData, RetrieverData]:
    return split_data(read_retriever_data(task.files))


def _folder(weights: Weights, encoder: str) -> Path:
    """Raises SettingsError for an encoder from an installed package, which has no folder to train."""
    if folder := weights.locate(encoder):
        return folder
    raise SettingsError(
        f"{encoder} cannot be trained. Set ENCODER to one with a folder, or train a map (--method map)."
    )


def _texts(snapshot: Path | None) -> list[str]:
    return list(Snapshot(snapshot).archive.texts()) if snapshot else []


async def _kept(task: RetrieverTask, run: Run) -> Release:
    await upgrade(task.settings.database)
    async with await Store.open(task.settings.database) as store:
        dataset = task.dataset.id if task.dataset else None
        return await Releases(store.database).add(
            run.artifact, tasks=("retrieve",), base=task.settings.encoder, dataset=dataset
        )
