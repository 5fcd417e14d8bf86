import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino
import pytest
import torch

from finetune.training.reader.batches import BatchReader
from finetune.training.reader.loss import answers_loss, evidence_loss, relevance_loss
from finetune.training.reader.material import Part, Stream
from finetune.training.reader.model import ReaderModel
from finetune.training.reader.options import ReaderOptions
from finetune.training.reader.passage_rows import question_of_row
from finetune.training.reader.questions import ReaderQuestion, candidate, distractor
from finetune.training.reader.training import WEIGHTS, ReaderTraining, train_reader
from finetune.training.run import Run
from retrieval.encoders.bert_graph import BertGraph
from retrieval.encoders.packed_bert import PackedBert
from retrieval.reader.input import ReaderInput
from retrieval.reader.weights import Calibration, ReaderWeights
from tests.finetune.training.reader.sample import ROW
from tests.retrieval.encoders.packed_file import write_packed

OPTIONS = ReaderOptions(layers=2, learning_rate=3e-3, warmup=2, every=3, average=0.5)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> PackedBert:
    file = tmp_path_factory.mktemp("packed") / "tiny.bin"
    write_packed(file)
    return PackedBert(file)


def questions() -> list[ReaderQuestion]:
    return [question_of_row(ROW), question_of_row({**ROW, "question": "night?", "answerable": False})]


def stream() -> Stream:
    return Stream([Part("rows", 2, 2, questions().__getitem__)])


def new(bert: PackedBert) -> ReaderTraining:
    return ReaderTraining(bert, bert, OPTIONS)


def test_the_layers_are_those_of_the_encoder(bert: PackedBert) -> None:
    ids = np.array([[0, 7, 8, 2]])
    model = ReaderModel(bert.shape)
    model.load(bert)
    with torch.inference_mode():
        ours = model.emb(torch.from_numpy(bert.words(ids)))
        for layer in model.layers:
            ours = layer(ours, torch.zeros(1, 1, 1, 4))
    graph = BertGraph(bert)
    layers = openvino.Model([graph.states()], [graph.words, graph.mask], "states")
    compiled = openvino.Core().compile_model(layers, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    theirs = compiled({"words": bert.words(ids), "mask": np.ones((1, 4), np.float32)})[0]
    assert np.abs(ours.numpy() - theirs).max() < 0.01


def test_what_is_trained_is_read_back_from_its_file(bert: PackedBert, tmp_path: Path) -> None:
    training = new(bert)
    training.learn(questions())
    training.write(tmp_path / WEIGHTS)
    again = ReaderModel(training.model.shape)
    again.load(ReaderWeights.read(tmp_path / WEIGHTS))
    for left, right in zip(again.parameters(), training.averaged.parameters(), strict=True):
        assert torch.allclose(left, right, atol=1e-3)


def test_it_learns(bert: PackedBert) -> None:
    training = new(bert)
    first = training.learn(questions())
    for _ in range(40):
        last = training.learn(questions())
    assert all(last[name] < first[name] / 2 for name in first)


def test_a_run_that_stopped_goes_on_as_if_it_had_not(bert: PackedBert, tmp_path: Path) -> None:
    whole, parted = (Run(tmp_path / name) for name in ("whole", "parted"))
    train_reader(whole, new(bert), stream(), 6)
    train_reader(parted, new(bert), stream(), 3)
    place = train_reader(parted, new(bert), stream(), 6)
    left, right = (ReaderWeights.read(run.artifact / WEIGHTS) for run in (whole, parted))
    assert all(np.allclose(left.tensors[name], right.tensors[name], atol=2e-3) for name in left.tensors)
    assert place == parted.artifact / WEIGHTS
    steps = [
        json.loads(line)["step"]
        for line in (parted.checkpoints / "log.jsonl").read_text("utf-8").splitlines()
    ]
    assert steps == [3, 6]


def test_logits_do_not_depend_on_the_batch(bert: PackedBert) -> None:
    reader, model = BatchReader(bert), ReaderModel(replace(bert.shape, layers=1))
    model.load(bert)
    inputs = reader.inputs(questions())
    with torch.inference_mode():
        together = reader.logits(model, inputs)
        alone = [reader.logits(model, [each]) for each in inputs]
    assert torch.allclose(together[0], torch.cat([each[0] for each in alone]), atol=1e-4)
    assert all(torch.allclose(of, each[2][0], atol=1e-4) for of, each in zip(together[2], alone, strict=True))


def test_the_loss_of_relevance_compares_within_a_question() -> None:
    right, wrong = candidate("", "", "heat.", None, True), distractor("", "", "night.")
    logits = torch.tensor([5.0, 0.0, 9.0])
    assert relevance_loss(logits, [[right, wrong], [wrong]]).item() == pytest.approx(0.0067, abs=1e-3)
    assert relevance_loss(logits[:1], [[wrong]]).item() == 0


def test_what_nobody_knows_is_not_learnt() -> None:
    unknown = candidate("", "", "heat.", None, None)
    known = distractor("", "", "night.")
    inputs = [ReaderInput((0, 7, 2), ((1, 2),)), ReaderInput((0, 8, 2), ((1, 2),))]
    assert answers_loss(torch.tensor([9.0, -9.0]), [unknown, known]).item() < 0.01
    logits = [torch.tensor([0.0, 9.0, 0.0]), torch.tensor([0.0, -9.0, 0.0])]
    assert evidence_loss(logits, [unknown, known], inputs).item() < 0.01


def test_weights_name_their_calibration(bert: PackedBert) -> None:
    calibration = Calibration(rank=0.3)
    assert new(bert).model.weights(calibration).calibration == calibration
