from pathlib import Path

import pytest

from finetune.training.retriever.distillation import distillation_loss, distillation_rows
from finetune.training.retriever.encoder_run import Trial, train_encoder
from finetune.training.retriever.material import Material
from finetune.training.retriever.options import EncoderOptions
from finetune.training.run import Run
from tests.retrieval.fakes import HashingEncoder

OPTIONS = EncoderOptions(learning_rate=5e-3, epochs=2, batch=8, negatives=1)


def test_the_label_is_the_teachers_margin(material: Material) -> None:
    teacher = HashingEncoder()
    row = next(distillation_rows(material, material.negatives(), teacher, OPTIONS))
    question, better, worse = teacher.encode([row["question"], row["positive"], row["negative"]])
    assert row["label"] == pytest.approx(question @ better - question @ worse, abs=1e-6)


def test_the_teacher_reads_each_text_once(material: Material) -> None:
    teacher = HashingEncoder()
    list(distillation_rows(material, material.negatives(), teacher, OPTIONS))
    assert len(teacher.read) == len(set(teacher.read))


def test_a_question_without_negatives_has_no_row(material: Material) -> None:
    nothing: list[list[int]] = [[] for _ in material.questions]
    assert list(distillation_rows(material, nothing, HashingEncoder(), OPTIONS)) == []


def test_a_student_is_trained_on_the_rows(material: Material, tiny: Path, tmp_path: Path) -> None:
    rows = list(distillation_rows(material, material.negatives(), HashingEncoder(), OPTIONS))
    run = Run.begin(tmp_path / "run", OPTIONS.record())
    train_encoder(run, tiny, rows, distillation_loss, Trial({}, {}, {}), OPTIONS)
    assert (run.artifact / "encoder" / "model.safetensors").is_file()
