"""How the local engines choose the next token: greedy, by nucleus sampling, or by beam search.

Knows no engine. Names and meaning are those of transformers' `GenerationConfig`.
"""

from dataclasses import dataclass, fields

from pydantic import ConfigDict

from dialogue.errors import EngineError


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """Greedy unless set otherwise. Raises ValueError where a value is out of range, or two exclude each other."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    """Where it is read from settings."""

    temperature: float = 0.0
    """0 takes the likeliest token; above, tokens are sampled, the more freely the higher it is."""
    top_p: float = 1.0
    """Samples from the likeliest tokens that have this probability together."""
    num_beams: int = 1
    """So many continuations are followed at once, and the likeliest as a whole is given out when it is complete."""
    repetition_penalty: float = 1.0
    """Above 1, tokens that have already occurred become less likely."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type is float:  # some engines refuse whole numbers
                object.__setattr__(self, field.name, float(getattr(self, field.name)))
        if not 0 <= self.temperature <= 2:
            raise ValueError("temperature must be from 0 (greedy) to 2")
        if not 0 < self.top_p <= 1:
            raise ValueError("top_p must be above 0, and at most 1")
        if not 1 <= self.num_beams <= 8:
            raise ValueError("num_beams must be from 1 to 8")
        if not 0.5 <= self.repetition_penalty <= 2:
            raise ValueError("repetition_penalty must be from 0.5 to 2")
        if self.top_p < 1 and not self.samples:
            raise ValueError("top_p needs a temperature above 0")
        if self.num_beams > 1 and self.samples:
            raise ValueError("num_beams above 1 needs temperature 0")

    @property
    def samples(self) -> bool:
        return self.temperature > 0

    @property
    def greedy(self) -> bool:
        """Whether the next token is always the one that the model finds likeliest."""
        return not self.samples and self.num_beams == 1 and self.repetition_penalty == 1


GREEDY = GenerationOptions()


def refuse_beams(options: GenerationOptions, engine: str) -> None:
    """Raises EngineError where beam search is wanted of an engine that has none."""
    if options.num_beams > 1:
        raise EngineError(
            f"{engine} has no beam search. Set num_beams to 1, or choose another engine.",
            remedies=("generation_options", "provider"),
        )
