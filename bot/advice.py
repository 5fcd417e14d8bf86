"""What was chosen for this machine, why, and what a setting or a better machine would give: in plain sentences."""

from collections.abc import Iterator
from dataclasses import replace

from bot.configuration import Configuration
from bot.profiles import BOTH_ENCODERS, PASSAGE_TOKENS, TARGET, Choice, choose, first_word, memory_needed
from bot.settings import GENERATOR, REWRITER


def explain_choice(configuration: Configuration) -> list[str]:
    """Two or three sentences for a log or a terminal; none where the person left nothing to the machine."""
    choice = configuration.choice
    if choice is None or not configuration.wishes.local:
        return []
    return [
        _what(choice, configuration),
        _expectation(choice, configuration),
        *list(advice(configuration))[:1],
    ]


def _what(choice: Choice, configuration: Configuration) -> str:
    rewrites = "and rewrites" if choice.rewriter == choice.generator else f"and {choice.rewriter} rewrites"
    profile = configuration.wishes.profile
    why = {
        "auto": f"chosen for this machine: {configuration.machine}",
        "former": "as before there were profiles",
    }.get(profile, f"PROFILE={profile}")
    return (
        f"Profile {choice.profile} ({why}). {choice.generator} answers {rewrites}, {choice.encoder} searches, "
        f"{choice.passage_tokens} tokens of evidence."
    )


def _expectation(choice: Choice, configuration: Configuration) -> str:
    memory = f"At most {choice.memory_gb:.1f} GB of memory are needed."
    if choice.first_word is None or not configuration.speeds:
        return f"How fast it answers is not known; `groundtalk doctor` measures it. {memory}"
    speed = configuration.speeds[choice.generator]
    return (
        f"Expect the first word of a follow-up question after about {choice.first_word:.1f} s when nobody else asks: "
        f"{speed.read:.0f} tokens are read and {speed.write:.0f} written per second. {memory}"
    )


def advice(configuration: Configuration) -> Iterator[str]:
    """What would make answers better or quicker than the choice, the most important first."""
    choice, machine = configuration.choice, configuration.machine
    if choice is None or not configuration.wishes.local:
        return
    if choice.memory_gb > machine.memory_gb:
        less = (
            "PROFILE=small" if choice.profile == "full" else "ENGINE=openai with a server for the text model"
        )
        yield f"This machine has only {machine.memory_gb:.1f} GB, so the process may be killed. Set {less}."
    elif configuration.wishes.profile == "former":
        yield from _auto(choice, configuration)
    elif choice.profile == "small":
        yield _full(configuration)
    elif choice.passage_tokens < PASSAGE_TOKENS:
        wait = _wait(configuration, choice.generator, choice.rewriter, PASSAGE_TOKENS)
        yield f"PASSAGE_TOKENS={PASSAGE_TOKENS} gives it more to answer from{wait}."
    if choice.first_word and choice.first_word > TARGET:
        yield from _quicker(choice, configuration)


def _auto(choice: Choice, configuration: Configuration) -> Iterator[str]:
    """What the machine would choose for a deployment that stays as it was."""
    other = choose(configuration.machine, configuration.speeds, replace(configuration.wishes, profile="auto"))
    if other.first_word != choice.first_word:
        wait = _wait(configuration, other.generator, other.rewriter, other.passage_tokens)
        yield f"PROFILE=auto would choose {other.generator} with {other.passage_tokens} tokens of evidence{wait}."


def _full(configuration: Configuration) -> str:
    needs = memory_needed(BOTH_ENCODERS, (GENERATOR, REWRITER))
    wait = _wait(configuration, GENERATOR, REWRITER, PASSAGE_TOKENS)
    return f"PROFILE=full answers more questions correctly: it takes {needs:.1f} GB of memory{wait}."


def _quicker(choice: Choice, configuration: Configuration) -> Iterator[str]:
    if choice.profile == "full":
        wait = _wait(configuration, REWRITER, REWRITER, PASSAGE_TOKENS)
        yield f"PROFILE=small is quicker and answers fewer questions correctly{wait}."
    yield "More cores, a processor with AVX-512 or AMX, or ENGINE=openai with a server on a GPU would be quicker."


def _wait(configuration: Configuration, generator: str, rewriter: str, passage_tokens: int) -> str:
    """The end of a sentence; empty where the speeds are not known."""
    seconds = first_word(configuration.speeds, generator, rewriter, passage_tokens)
    return "" if seconds is None else f", with the first word after about {seconds:.1f} s"
