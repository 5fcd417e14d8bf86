"""Which models and how much evidence suit machines that are described: a table, as `choose` is a pure function."""

from dataclasses import replace

import pytest

from bot.errors import MachineTooSmall
from bot.machine.facts import GB, Machine
from bot.machine.speed import Speed
from bot.profiles import (
    BOTH_ENCODERS,
    ENGLISH_ENCODER,
    PASSAGE_TOKENS,
    PATIENCE,
    TARGET,
    Wishes,
    choose,
    memory_needed,
)
from bot.settings import GENERATOR, REWRITER


def machine(cpu: str, cores: int, gigabytes: float, *features: str, architecture: str = "x86_64") -> Machine:
    return Machine(cpu, architecture, features, cores, quota=None, memory=int(gigabytes * GB))


def speeds(large: tuple[float, float], small: tuple[float, float]) -> dict[str, Speed]:
    """Tokens read and written per second by the 1.5B and by the 0.5B."""
    return {GENERATOR: Speed(*large), REWRITER: Speed(*small)}


XEON = (
    machine("Xeon with AVX-512, 2 cores", 2, 24, "avx2", "avx512f", "avx512_vnni"),
    speeds((174, 16), (538, 60)),
)
EPYC = machine("EPYC with AVX2, 2 cores", 2, 4, "avx2"), speeds((37, 9.6), (150, 20))
LARGE = machine("16 cores", 16, 64, "avx2", "avx512f", "avx512_vnni"), speeds((900, 25), (2500, 80))
ARM = (
    machine("Graviton, 4 cores", 4, 8, "asimd", "asimddp", architecture="aarch64"),
    speeds((100, 14), (320, 45)),
)
SLOW = machine("Atom, 1 core", 1, 8), speeds((6, 2), (10, 4))


@pytest.mark.parametrize(
    ("described", "profile", "encoder", "evidence", "first_word"),
    [
        (XEON, "full", BOTH_ENCODERS, 1.0, (1.5, 3.0)),
        (EPYC, "small", BOTH_ENCODERS, 0.75, (2.0, 3.0)),
        (LARGE, "full", BOTH_ENCODERS, 1.0, (0.3, 1.0)),
        (ARM, "full", BOTH_ENCODERS, 0.75, (2.0, 3.0)),
    ],
    ids=["avx512", "avx2", "16 cores", "arm"],
)
def test_what_a_machine_gets(described, profile, encoder, evidence, first_word):
    choice = choose(*described, Wishes())
    assert (choice.profile, choice.encoder) == (profile, encoder)
    assert choice.passage_tokens == round(evidence * PASSAGE_TOKENS)
    assert first_word[0] <= choice.first_word <= first_word[1]
    assert choice.memory_gb <= described[0].memory_gb


def test_the_full_profile_stays_where_it_is_quick_enough_even_if_the_small_one_is_quicker():
    choice = choose(*XEON, Wishes())
    assert choice.generator == GENERATOR
    assert choice.first_word <= TARGET


def test_less_evidence_is_tried_before_the_smaller_model():
    described, _ = XEON
    choice = choose(described, speeds((110, 12), (500, 50)), Wishes())
    assert choice.generator == GENERATOR
    assert choice.passage_tokens < PASSAGE_TOKENS
    assert choice.first_word <= TARGET


def test_the_better_model_is_kept_for_a_wait_that_is_hardly_longer():
    described, _ = XEON
    choice = choose(described, speeds((60, 8), (500, 40)), Wishes(explicit={"passage_tokens": 120}))
    assert TARGET < choice.first_word <= PATIENCE
    assert choice.generator == GENERATOR


def test_where_nothing_is_quick_enough_a_smaller_model_must_be_worth_its_worse_answers():
    described, slow = SLOW
    little_gained = choose(described, slow, Wishes())
    assert little_gained.generator == GENERATOR
    assert little_gained.passage_tokens == PASSAGE_TOKENS // 2
    much_gained = choose(described, speeds((6, 2), (60, 20)), Wishes())
    assert much_gained.generator == REWRITER


def test_unknown_speeds_leave_the_defaults_where_they_fit():
    choice = choose(XEON[0], None, Wishes())
    assert (choice.profile, choice.passage_tokens, choice.first_word) == ("full", PASSAGE_TOKENS, None)


def test_little_memory_asks_for_the_small_profile_however_quick_the_processor_is():
    small = choose(replace(XEON[0], memory=3 * GB), XEON[1], Wishes())
    assert (small.profile, small.generator) == ("small", REWRITER)
    assert small.passage_tokens == PASSAGE_TOKENS


def test_a_machine_with_1_gb_is_refused_with_what_would_help():
    with pytest.raises(MachineTooSmall, match=r"1\.0 GB of memory.*ENGINE=openai.*PROFILE=small"):
        choose(replace(XEON[0], memory=GB), XEON[1], Wishes())


@pytest.mark.parametrize("profile", ["small", "full"])
def test_a_profile_that_was_asked_for_is_taken_whatever_the_machine_is(profile):
    choice = choose(replace(SLOW[0], memory=GB), SLOW[1], Wishes(profile=profile))
    assert choice.profile == profile
    assert choice.passage_tokens == PASSAGE_TOKENS


def test_the_small_profile_has_one_encoder_and_one_text_model():
    choice = choose(*LARGE, Wishes(profile="small"))
    assert (choice.generator, choice.rewriter, choice.encoder) == (REWRITER, REWRITER, ENGLISH_ENCODER)
    assert choice.memory_gb <= 2


@pytest.mark.parametrize(
    ("key", "value"),
    [("generator", REWRITER), ("encoder", "my/encoder"), ("passage_tokens", 700), ("threads", 3)],
)
@pytest.mark.parametrize("described", [XEON, EPYC, SLOW])
def test_what_a_person_set_wins(described, key, value):
    assert getattr(choose(*described, Wishes(explicit={key: value})), key) == value


def test_a_model_that_a_person_named_is_never_refused():
    choice = choose(replace(XEON[0], memory=GB), XEON[1], Wishes(explicit={"generator": GENERATOR}))
    assert choice.generator == GENERATOR
    assert choice.memory_gb > 1


def test_a_model_without_a_known_speed_gets_the_whole_budget():
    choice = choose(*EPYC, Wishes(explicit={"generator": "owner/model"}))
    assert (choice.generator, choice.rewriter, choice.first_word) == ("owner/model", "owner/model", None)
    assert choice.passage_tokens == PASSAGE_TOKENS


@pytest.mark.parametrize("profile", ["auto", "small", "full"])
@pytest.mark.parametrize("encoder", [BOTH_ENCODERS, ENGLISH_ENCODER])
def test_documents_stay_with_the_encoder_that_read_them(profile, encoder):
    for described in (XEON, EPYC, LARGE):
        assert choose(*described, Wishes(profile=profile, index_encoder=encoder)).encoder == encoder


def test_a_deployment_from_before_stays_as_it_was_however_slow_it_is():
    described = replace(SLOW[0], memory=8 * GB)
    choice = choose(
        described, speeds((6, 2), (60, 20)), Wishes(profile="former", index_encoder=BOTH_ENCODERS)
    )
    assert (choice.generator, choice.passage_tokens, choice.encoder) == (
        GENERATOR,
        PASSAGE_TOKENS,
        BOTH_ENCODERS,
    )


def test_a_deployment_from_before_that_memory_cannot_hold_becomes_small():
    choice = choose(
        replace(SLOW[0], memory=3 * GB), SLOW[1], Wishes(profile="former", index_encoder=BOTH_ENCODERS)
    )
    assert (choice.generator, choice.encoder) == (REWRITER, BOTH_ENCODERS)


def test_a_text_model_elsewhere_needs_no_memory_and_has_no_known_speed():
    choice = choose(replace(XEON[0], memory=GB), None, Wishes(local=False))
    assert choice.memory_gb == memory_needed(BOTH_ENCODERS, ())
    assert choice.first_word is None


def test_a_quota_bounds_the_threads():
    throttled = replace(LARGE[0], quota=2.0)
    assert choose(throttled, LARGE[1], Wishes()).threads == 2
    assert choose(*LARGE, Wishes()).threads == 0
