"""What was chosen and why, in sentences that somebody who starts the bot for the first time understands."""

from dataclasses import replace

import pytest

from bot.advice import advice, explain_choice
from bot.configuration import Configuration
from bot.machine.facts import GB, Machine
from bot.machine.speed import Speed
from bot.profiles import PASSAGE_TOKENS, Wishes, choose
from bot.settings import GENERATOR, REWRITER, Settings

MACHINE = Machine("EPYC", "x86_64", ("avx2",), cores=2, quota=None, memory=8 * GB)
QUICK = {GENERATOR: Speed(500, 20), REWRITER: Speed(1500, 60)}
MIDDLE = {GENERATOR: Speed(110, 12), REWRITER: Speed(500, 50)}
SLOW = {GENERATOR: Speed(30, 8), REWRITER: Speed(200, 30)}
NEVER = {GENERATOR: Speed(6, 2), REWRITER: Speed(10, 4)}


def configuration(speeds, machine=MACHINE, **wishes) -> Configuration:
    wished = Wishes(**wishes)
    settings = Settings(_env_file=None)
    return Configuration(settings, machine, speeds, wished, choose(machine, speeds, wished))


def test_it_says_what_was_chosen_for_which_machine_and_what_to_expect():
    what, expectation = explain_choice(configuration(QUICK))
    assert what == (
        "Profile full (chosen for this machine: EPYC, 2 cores, 8.0 GB of memory). "
        f"{GENERATOR} answers and {REWRITER} rewrites, all-MiniLM-L6-v2+e5 searches, "
        f"{PASSAGE_TOKENS} tokens of evidence."
    )
    assert expectation == (
        "Expect the first word of a follow-up question after about 1.0 s when nobody else asks: 500 tokens are read "
        "and 20 written per second. At most 5.0 GB of memory are needed."
    )


def test_the_small_profile_says_what_the_full_one_would_take():
    what, _, more = explain_choice(configuration(SLOW))
    assert f"{REWRITER} answers and rewrites" in what
    assert more.startswith(
        "PROFILE=full answers more questions correctly: it takes 5.0 GB of memory, with the first"
    )


def test_less_evidence_says_what_more_would_take():
    assert explain_choice(configuration(MIDDLE))[2].startswith(
        f"PASSAGE_TOKENS={PASSAGE_TOKENS} gives it more to answer from"
    )


def test_a_slow_machine_is_told_what_would_be_quicker():
    said = list(advice(configuration(NEVER)))
    assert any("PROFILE=small is quicker" in each for each in said)
    assert any("ENGINE=openai" in each for each in said)


def test_too_little_memory_for_what_was_asked_for_is_said_first():
    small = replace(MACHINE, memory=2 * GB)
    first = next(advice(configuration(None, small, profile="full")))
    assert first == "This machine has only 2.0 GB, so the process may be killed. Set PROFILE=small."


def test_unknown_speeds_name_the_command_that_measures_them():
    _, expectation = explain_choice(configuration(None, profile="full"))
    assert "`groundtalk doctor` measures it" in expectation


@pytest.mark.parametrize("wishes", [{"profile": "small"}, {"profile": "former", "index_encoder": "some"}])
def test_it_says_why_nothing_was_chosen(wishes):
    what = explain_choice(configuration(QUICK, **wishes))[0]
    assert "PROFILE=small" in what or "as before there were profiles" in what


def test_a_deployment_from_before_learns_what_the_machine_would_choose():
    former = configuration(SLOW, profile="former", index_encoder="some")
    assert next(advice(former)).startswith(f"PROFILE=auto would choose {REWRITER} with")
    assert list(advice(configuration(QUICK, profile="former", index_encoder="some"))) == []


def test_a_model_elsewhere_has_nothing_to_explain():
    assert explain_choice(configuration(None, local=False)) == []
