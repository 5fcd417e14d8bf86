"""From a log to a folder: consent, caps, the same bytes, nothing half done."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from dialogue.store.database import Database
from dialogue.store.store import Store
from finetune.datasets.builder import BuildOptions, build_dataset
from finetune.datasets.dataset import EXAMPLE_TYPES, SPLITS, Dataset
from finetune.datasets.erasing import erase_conversations
from finetune.datasets.storage import DatasetDirectory, DatasetWriter
from finetune.errors import DatasetError, EmptyDataset
from finetune.examples import Example
from tests.finetune.datasets.logged import Person, answer

ITEMS = ("lamp", "kettle", "printer", "drill", "radio", "toaster", "camera", "fridge", "heater", "blender")


def examples(dataset: Dataset, kind: str) -> list[Example]:
    return [example for split in SPLITS for example in dataset.examples(kind, split)]


def folders(path: Path) -> list[str]:
    return [found.name for found in path.iterdir() if found.is_dir()]


def words(path: Path) -> str:
    return "".join(found.read_text("utf-8") for found in path.rglob("*") if found.is_file())


async def ask_about(person: Person, items: Iterable[str]) -> None:
    for item in items:
        await person.asks(f"What voltage does the {item} take?")


async def test_an_exchange_becomes_examples_with_their_lineage(
    store: Store, database: Database, tmp_path: Path
) -> None:
    ada = Person(store, "ada")
    await ada.asks("What colour is the charger?")
    turn = await ada.asks("And its voltage?", answer(query="What voltage does the charger take?"))

    dataset = await build_dataset(database, tmp_path / "sets")

    (rewriting,) = examples(dataset, "rewriting")
    assert (rewriting.question, rewriting.rewrite) == (
        "And its voltage?",
        "What voltage does the charger take?",
    )
    assert [len(examples(dataset, kind)) for kind in EXAMPLE_TYPES] == [1, 2, 0, 0, 2]
    (source,) = dataset.manifest.lineage[rewriting.id]
    assert (source.conversation, source.turns) == (turn.conversation, (1, 2, 3, 4))
    files = "".join(
        path.read_text("utf-8") for path in dataset.folder.iterdir() if path.name != "manifest.json"
    )
    assert turn.conversation not in files, "its id opens the conversation"


async def test_words_without_consent_are_not_learnt_from(
    store: Store, database: Database, tmp_path: Path
) -> None:
    await Person(store, "ada").asks("What voltage does the charger take?")
    await Person(store, "ben", consent=False).asks("May I return the kettle?")

    dataset = await build_dataset(database, tmp_path)

    assert dataset.manifest.filters["no consent"] == 1
    assert "kettle" not in "".join(path.read_text("utf-8") for path in dataset.folder.iterdir())


async def test_withdrawn_consent_counts(store: Store, database: Database, tmp_path: Path) -> None:
    turn = await Person(store, "ada").asks("What voltage does the charger take?")
    await build_dataset(database, tmp_path)
    await store.conversations.set_consent(turn.conversation, False)

    with pytest.raises(EmptyDataset, match="no consent 1"):
        await build_dataset(database, tmp_path)


async def test_the_same_log_gives_the_same_bytes(store: Store, database: Database, tmp_path: Path) -> None:
    for name in ("ada", "ben", "cho", "dee"):
        await ask_about(Person(store, name), ITEMS[:4])

    first = await build_dataset(database, tmp_path / "one")
    second = await build_dataset(database, tmp_path / "two")
    again = await build_dataset(database, tmp_path / "one")

    assert first.id == second.id == again.id
    for path in first.folder.iterdir():
        assert path.read_bytes() == (second.folder / path.name).read_bytes()
    assert folders(tmp_path / "one") == [first.id]


async def test_no_conversation_counts_more_than_the_cap(
    store: Store, database: Database, tmp_path: Path
) -> None:
    await ask_about(Person(store, "ada"), ITEMS)

    dataset = await build_dataset(database, tmp_path, BuildOptions(per_conversation=3))

    assert len(examples(dataset, "grounding")) == 3
    assert dataset.manifest.filters["conversation or account over cap"] == 7


async def test_no_account_counts_more_than_its_cap_in_however_many_conversations(
    store: Store, database: Database, tmp_path: Path
) -> None:
    ada = Person(store, "ada")
    for item in ITEMS:
        await ask_about(ada, [item])
        await ada.starts_anew()

    dataset = await build_dataset(database, tmp_path, BuildOptions(per_account=4))

    assert len(examples(dataset, "grounding")) == 4


async def test_a_conversation_is_in_one_split(store: Store, database: Database, tmp_path: Path) -> None:
    for number in range(12):
        await ask_about(
            Person(store, f"person {number}"), (f"{item} of {number} watts" for item in ITEMS[:3])
        )

    dataset = await build_dataset(database, tmp_path)

    parts = [
        {example.id.split(":")[1] for kind in EXAMPLE_TYPES for example in dataset.examples(kind, split)}
        for split in SPLITS
    ]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 12


async def test_what_was_answered_before_the_window_is_left_out(
    store: Store, database: Database, tmp_path: Path
) -> None:
    ada = Person(store, "ada")
    await ada.asks("What colour is the kettle?")
    turn = await ada.asks("What voltage does the charger take?")

    dataset = await build_dataset(database, tmp_path, BuildOptions(since=turn.created_at))

    (grounding,) = examples(dataset, "grounding")
    assert grounding.question == "What voltage does the charger take?"
    assert dataset.manifest.log.since == dataset.manifest.log.until == turn.created_at


async def test_nothing_is_left_of_a_build_that_fails(
    store: Store, database: Database, tmp_path: Path
) -> None:
    await Person(store, "ada").asks("What voltage does the charger take?")

    def broken(stage: str, done: int) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        await build_dataset(database, tmp_path, progress=broken)
    assert folders(tmp_path) == []


async def test_whoever_is_forgotten_while_it_builds_is_not_in_it(
    store: Store, database: Database, tmp_path: Path
) -> None:
    forgotten = await Person(store, "ann").asks("What voltage does the secret charger take?")
    await Person(store, "bob").asks("What colour is the kettle?")

    def interrupt(stage: str, done: int) -> None:
        erase_conversations(tmp_path, [forgotten.conversation])

    dataset = await build_dataset(database, tmp_path, progress=interrupt)

    assert folders(tmp_path) == [dataset.id]
    assert "secret" not in "".join(path.read_text("utf-8") for path in dataset.folder.iterdir())


async def test_what_a_build_published_and_could_not_erase_goes_with_the_next(
    store: Store, database: Database, tmp_path: Path
) -> None:
    sets = tmp_path / "sets"
    await Person(store, "bob").asks("What colour is the kettle?")
    expected = await build_dataset(database, tmp_path / "others")
    forgotten = await Person(store, "ann").asks("What voltage does the secret charger take?")
    blocking = sets / expected.id

    def interrupt(stage: str, done: int) -> None:
        if not blocking.exists():
            erase_conversations(sets, [forgotten.conversation])
            blocking.touch()

    with pytest.raises(DatasetError, match="cannot be read"):
        await build_dataset(database, sets, progress=interrupt)
    blocking.unlink()
    assert "secret" in words(sets)
    await store.erasure.forget("websocket", account="ann")
    dataset = await build_dataset(database, sets)

    assert folders(sets) == [dataset.id]
    assert "secret" not in words(sets) and forgotten.conversation not in words(sets)


async def test_two_builds_do_not_run_at_once(store: Store, database: Database, tmp_path: Path) -> None:
    await Person(store, "ann").asks("What voltage does the charger take?")
    with DatasetDirectory(tmp_path).building(), pytest.raises(DatasetError, match="wait for that build"):
        await build_dataset(database, tmp_path)


async def test_what_a_killed_build_left_is_cleared_away(
    store: Store, database: Database, tmp_path: Path
) -> None:
    await Person(store, "ann").asks("What voltage does the charger take?")
    DatasetDirectory(tmp_path)
    DatasetWriter(tmp_path)  # and its process is killed
    dataset = await build_dataset(database, tmp_path)
    assert folders(tmp_path) == [dataset.id]
