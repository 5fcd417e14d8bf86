"""Forgetting in datasets: the words go, the rest stays, and who learnt from them can be named."""

from pathlib import Path

import pytest

from finetune.datasets.dataset import Dataset, SourceTurns, TimeWindow, find_dataset
from finetune.datasets.erasing import erase_conversations, erase_locked
from finetune.datasets.storage import UNFINISHED_PREFIX, DatasetDirectory, DatasetWriter
from finetune.errors import DatasetError
from finetune.examples import RewritingExample


def example(name: str, rewrite: str) -> RewritingExample:
    return RewritingExample(id=name, history=(), question="And that?", rewrite=rewrite)


def made(folder: Path, *conversations: str, imported: str = "") -> Dataset:
    """One example for each conversation, and one of none."""
    DatasetDirectory(folder)
    with DatasetWriter(folder) as writer:
        for name in conversations:
            sources = [SourceTurns(conversation=name, turns=(1, 2))]
            writer.add("rewriting", example(f"log:{name}:2", f"The secret of {name}?"), sources)
        if imported:
            writer.add("rewriting", example("set:1:1", imported))
        return writer.publish(filters={"no consent": 3}, log=TimeWindow())


def words(folder: Path) -> str:
    return "".join(path.read_text("utf-8") for path in folder.rglob("*") if path.is_file())


def test_a_forgotten_conversation_leaves_no_trace(tmp_path):
    old = made(tmp_path, "ann", "bob", imported="What is public?")

    forgotten = erase_conversations(tmp_path, ["ann"])

    assert "ann" not in words(tmp_path)
    (new,) = tmp_path.glob("d-*")
    assert forgotten.replaced == {old.id: new.name}
    assert (forgotten.held, forgotten.examples) == ((old.id,), 1)
    kept = Dataset.open(new).manifest
    assert (kept.replaces, kept.forgotten, kept.filters) == ((old.id,), 1, {"no consent": 3})
    assert "The secret of bob?" in words(tmp_path)
    assert "What is public?" in words(tmp_path)


def test_datasets_without_their_words_stay_as_they_are(tmp_path):
    old = made(tmp_path, "bob")
    assert erase_conversations(tmp_path, ["ann"]).held == ()
    assert Dataset.open(old.folder) == old


def test_a_dataset_of_nobody_else_is_gone(tmp_path):
    old = made(tmp_path, "ann")
    assert erase_conversations(tmp_path, ["ann"]).replaced == {old.id: ""}
    assert list(tmp_path.glob("d-*")) == []


def test_what_was_replaced_before_held_the_words_too(tmp_path):
    """A release that was trained on the first dataset learnt the words of both."""
    first = made(tmp_path, "ann", "bob", "cho")
    second = erase_conversations(tmp_path, ["ann"]).replaced[first.id]
    assert erase_conversations(tmp_path, ["bob"]).held == (first.id, second)


def test_the_one_with_the_same_examples_takes_the_place(tmp_path):
    first, rebuilt = made(tmp_path, "ann", "bob", "cho"), made(tmp_path, "bob", "cho")
    assert erase_conversations(tmp_path, ["ann"]).replaced == {first.id: rebuilt.id}
    assert erase_conversations(tmp_path, ["bob"]).held == (first.id, rebuilt.id)


def test_a_replaced_dataset_is_found_under_its_old_name(tmp_path):
    old = made(tmp_path, "ann", "bob")
    new = erase_conversations(tmp_path, ["ann"]).replaced[old.id]
    assert find_dataset(tmp_path, old.id).id == find_dataset(tmp_path, new).id == new
    with pytest.raises(DatasetError, match="Name one that is there"):
        find_dataset(tmp_path, "d-000000000000")


def test_one_that_cannot_be_read_is_named_when_the_others_are_done(tmp_path):
    made(tmp_path, "ann", "bob")
    (tmp_path / "d-0broken").mkdir()
    with pytest.raises(DatasetError, match="d-0broken"):
        erase_conversations(tmp_path, ["ann"])
    assert "ann" not in words(tmp_path)


def test_where_there_are_no_datasets_nothing_is_made(tmp_path):
    assert erase_conversations(tmp_path / "none", ["ann"]).held == ()
    assert not (tmp_path / "none").exists()


def test_what_a_killed_build_left_goes_too(tmp_path):
    made(tmp_path, "bob")
    left = tmp_path / f"{UNFINISHED_PREFIX}1"
    left.mkdir()
    (left / "rewriting.train.jsonl").write_text(example("log:ann:2", "The secret of ann?").model_dump_json())
    erase_conversations(tmp_path, ["ann"])
    assert "ann" not in words(tmp_path)


def test_whom_a_killed_build_was_to_erase_is_erased_by_whoever_forgets_next(tmp_path):
    directory = DatasetDirectory(tmp_path)
    with directory.building():
        erase_conversations(tmp_path, ["ann"])
        made(tmp_path, "ann", "bob")  # the build publishes what it read before, and is killed
    assert erase_conversations(tmp_path, ["cho"]).held == (), "cho is in none of them"
    assert "ann" not in words(tmp_path)
    assert not directory.noted()


def test_who_was_noted_stays_noted_until_it_is_done(tmp_path):
    with DatasetDirectory(tmp_path).building():
        erase_conversations(tmp_path, ["ann"])
        made(tmp_path, "ann", "bob")
    damaged = tmp_path / "d-damaged"
    damaged.mkdir()
    with pytest.raises(DatasetError, match="cannot be read"):
        erase_conversations(tmp_path, ["cho"])
    assert DatasetDirectory(tmp_path).noted() == {"ann"}
    damaged.rmdir()
    erase_conversations(tmp_path, ["cho"])
    assert "ann" not in words(tmp_path)


def test_a_kill_while_a_dataset_is_removed_leaves_no_half_of_it(tmp_path):
    old = made(tmp_path, "ann", "bob")

    def killed(folder):
        for file in Path(folder).rglob("*.jsonl"):
            file.unlink()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        erase_locked(DatasetDirectory(tmp_path, remove_tree=killed), ["ann"])
    assert not old.folder.exists()
    assert erase_conversations(tmp_path, ["ann"]).replaced == {}
    assert "ann" not in words(tmp_path)


def test_a_dataset_that_was_changed_is_not_opened(tmp_path):
    dataset = made(tmp_path, "ann")
    (file,) = dataset.folder.glob("*.jsonl")
    file.write_text(file.read_text("utf-8").replace("secret", "Secret"), encoding="utf-8")
    with pytest.raises(DatasetError, match="was changed after it was made"):
        Dataset.open(dataset.folder)
    file.unlink()
    with pytest.raises(DatasetError, match=file.name):
        Dataset.open(dataset.folder)
