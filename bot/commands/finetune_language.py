"""`groundtalk finetune rewriter|generator`: trains an adapter for the language model on a dataset, as a release."""

import asyncio
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from bot.commands.progress import training_bar
from bot.configuration import load_configured
from bot.models.download import Hub
from bot.models.weights import Weights
from bot.settings import Settings
from dialogue.store.store import Store
from finetune.datasets.dataset import Dataset, find_dataset
from finetune.migrations import upgrade
from finetune.release import BASE_RELEASE, ActiveModels, Release
from finetune.releases import Releases
from finetune.training.options import OBJECTIVE_OPTIONS, PreferenceOptions, TrainingObjective, TrainingOptions
from finetune.training.sft_data import UNANSWERABLE_SHARE, DataMixture

Of = Annotated[str, typer.Option("--dataset", help="For example d-0123456789ab; see `groundtalk dataset`.")]
Base = Annotated[
    str | None, typer.Option(help="The model to train; by default the one that serves the task.")
]
Parent = Annotated[
    str, typer.Option(help="The release to continue from: an id, `shipped`, or `base` for none.")
]
How = Annotated[
    TrainingObjective,
    typer.Option(help="Learn from replies, from pairs of replies (dpo), or from thumbs (kto)."),
]
Take = Annotated[
    list[str] | None,
    typer.Option(metavar="SOURCE=N", help="Use at most N examples of a source."),
]
Withheld = Annotated[
    float,
    typer.Option(min=0, max=1, help="Share of the answered questions to use again without their evidence."),
]
Variants = Annotated[
    int,
    typer.Option(min=1, help="Prompts of each question whose answer was written for it (support dialogues)."),
]
Chosen = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-o",
        metavar="NAME=VALUE",
        help=f"Training options: {', '.join(PreferenceOptions().record())}.",
    ),
]

rewriter, generator = typer.Typer(), typer.Typer()


@rewriter.command()
def teach_rewriter(
    dataset: Of,
    base: Base = None,
    parent: Parent = BASE_RELEASE,
    objective: How = TrainingObjective.SUPERVISED,
    take: Take = None,
    option: Chosen = None,
) -> None:
    """Train a model to rewrite follow-up questions."""
    options = _options(option, OBJECTIVE_OPTIONS[objective])
    choice = DataMixture(tasks=("rewrite",), take=_counts(take), seed=options.seed)
    _learn(choice, dataset, base, parent, objective, options)


@generator.command()
def teach_generator(
    dataset: Of,
    base: Base = None,
    parent: Parent = BASE_RELEASE,
    objective: How = TrainingObjective.SUPERVISED,
    take: Take = None,
    withheld: Withheld = UNANSWERABLE_SHARE,
    variants: Variants = 1,
    option: Chosen = None,
) -> None:
    """Train a model to answer from passages and to rewrite follow-up questions."""
    options = _options(option, OBJECTIVE_OPTIONS[objective])
    choice = DataMixture(take=_counts(take), withheld=withheld, variants=variants, seed=options.seed)
    _learn(choice, dataset, base, parent, objective, options)


def _learn(
    choice: DataMixture,
    dataset: str,
    base: str | None,
    parent: str,
    objective: TrainingObjective,
    options: TrainingOptions,
) -> None:
    settings = load_configured()
    name = base or settings.weights_for(choice.tasks[-1])
    known = find_dataset(settings.datasets, dataset)
    with training_bar(f"{objective} {name}") as report:
        learning = {
            "base": name,
            "parent": parent,
            "choice": choice,
            "objective": objective,
            "options": options,
            "report": report,
        }
        release = asyncio.run(_released(settings, known, learning))
    Console().print(
        f"{release.id}: `groundtalk releases promote {release.id}` makes it live.", soft_wrap=True
    )


async def _released(settings: Settings, dataset: Dataset, how: dict[str, Any]) -> Release:
    from bot.training import LanguageTraining

    await upgrade(settings.database)
    async with await Store.open(settings.database) as store:
        releases = Releases(store.database)
        weights = Weights(settings.weights_dir, Hub(settings.hf_endpoint))
        learning = LanguageTraining(settings=settings, weights=weights, releases=releases, **how)
        made = await learning.train(dataset, ActiveModels())
        dataset.check_current()
        return await releases.add(
            made.folder, tasks=made.tasks, base=made.base, parent=made.parent, dataset=dataset.id
        )


def _counts(take: list[str] | None) -> dict[str, int]:
    counts: dict[str, int] = _checked(dict[str, int], take, "--take")
    return counts


def _options(given: list[str] | None, form: type[TrainingOptions] = TrainingOptions) -> TrainingOptions:
    unknown = _pairs(given, "--option").keys() - form().record().keys()
    if unknown:
        raise typer.BadParameter(f"unknown --option {', '.join(sorted(unknown))}; --help lists them")
    options: TrainingOptions = _checked(form, given, "--option")
    return options


def _checked(form: Any, given: list[str] | None, flag: str) -> Any:
    """The pairs as a value of the type `form`."""
    try:
        return TypeAdapter(form).validate_python(_pairs(given, flag))
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{flag} {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _pairs(given: list[str] | None, flag: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given or ()]
    for name, equals, value in pairs:
        if not (name and equals and value):
            raise typer.BadParameter(f"{flag} must be NAME=VALUE, not {name}{equals}{value}")
    return {name: value for name, _, value in pairs}
