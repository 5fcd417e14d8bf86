"""`groundtalk finetune reader`: one step on real word vectors."""

import json

import pytest

from bot.commands import main
from retrieval.reader.weights import ReaderWeights
from tests.finetune.training.reader.sample import CHUNKS, DIALOGUE, ROW


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["finetune", "reader", *args])
    return int(ended.value.code or 0)


@pytest.mark.weights
def test_a_run_leaves_a_reader_and_can_be_made_longer(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, [*CHUNKS, DIALOGUE, ROW])))
    options = ("rows.jsonl", "--name", "ours", "--layers", "1", "--dialogues", "1", "--passages", "1")
    assert run(*options, "--steps", "1") == 0
    place = tmp_path / "var" / "runs" / "ours" / "artifact" / "reader.safetensors"
    assert "reader.safetensors" in capsys.readouterr().out
    first = ReaderWeights.read(place)
    assert first.shape.layers == 1
    assert run(*options, "--steps", "2") == 0
    assert (ReaderWeights.read(place).vector("answers.w") != first.vector("answers.w")).any()


def test_files_without_questions_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, CHUNKS)))
    assert run("rows.jsonl") == 1
    assert "reader" in capsys.readouterr().err
