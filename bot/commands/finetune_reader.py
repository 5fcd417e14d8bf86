"""`groundtalk finetune reader`: trains the cross-encoder that reads what a search found."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.commands.progress import content_digest, training_bar
from bot.configuration import load_configured
from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import Settings
from finetune.training.reader.material import Stream, read_parts
from finetune.training.reader.options import ReaderOptions, ReaderShares
from finetune.training.run import Run, run_name
from retrieval.encoders.names import E5
from retrieval.encoders.packed_bert import PackedBert
from retrieval.errors import EncoderError
from retrieval.reader.weights import ReaderWeights

Files = Annotated[
    list[Path],
    typer.Argument(
        exists=True, dir_okay=False, help="Dialogues with the chunks they are about; rows with passages."
    ),
]
Name = Annotated[
    str | None, typer.Option(help="The run's folder in DATA_DIR/runs; an interrupted run is resumed.")
]
Steps = Annotated[
    int, typer.Option(min=1, help="In all; a run with the same files and options can be made longer.")
]
Start = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="A trained reader to begin with.")
]

app = typer.Typer()


@app.command()
def reader(
    files: Files,
    steps: Steps = 2000,
    name: Name = None,
    start: Start = None,
    layers: Annotated[int, typer.Option(min=1, max=12)] = ReaderOptions().layers,
    learning_rate: Annotated[float, typer.Option(min=0)] = ReaderOptions().learning_rate,
    dialogues: Annotated[int, typer.Option(min=0, help="Questions of dialogues in a step.")] = 4,
    passages: Annotated[int, typer.Option(min=0, help="Questions of rows with passages in a step.")] = 4,
) -> None:
    """Train the reader: which passages are relevant, which of their sentences are evidence, whether they answer."""
    from finetune.training.reader.training import ReaderTraining, train_reader

    settings = load_configured()
    options = ReaderOptions(layers=layers, learning_rate=learning_rate)
    shares = ReaderShares(dialogues, passages)
    record = {
        "base": E5,
        "start": start and content_digest(start),
        "files": [f"{path.name} {content_digest(path)}" for path in files],
        "options": options.record(),
        "shares": shares.record(),
    }
    run = Run.begin(settings.runs / (name or run_name("reader", record)), record)
    with training_bar("reader") as report:
        stream = Stream(read_parts(files, shares), seed=options.seed)
        bert = _base(settings)
        training = ReaderTraining(bert, ReaderWeights.read(start) if start else bert, options)
        place = train_reader(run, training, stream, steps, report)
    Console().print(f"{place}: `groundtalk evaluate reader` measures it.", soft_wrap=True)


def _base(settings: Settings) -> PackedBert:
    place = Weights(settings.weights_dir, Hub(settings.hf_endpoint)).locate(E5)
    if place is None:
        raise EncoderError(f"The reader begins with {E5}, whose weights are missing.", remedies=("weights",))
    return PackedBert(place)
