"""Everything a deployment can set: read once, from the real environment first and from `.env` after it.

The only module that reads the environment. Knows names and defaults, not what is done with them.
"""

import json
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_cache_path
from pydantic import BeforeValidator, Field, Secret, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingsError
from dialogue.engines.generation import GenerationOptions
from retrieval.encoders.names import E5, weights_of

PACKAGE = Path(__file__).parent
SHIPPED_READER = PACKAGE.parent / "finetune" / "reader" / "reader.safetensors"
GENERATOR, REWRITER = "qwen2.5-coder-1.5b-instruct", "qwen2.5-coder-0.5b-instruct"
"""The defaults: beside the one that answers, a smaller one that has been trained to rewrite."""


def _split(value: Any) -> Any:
    """`a, b` -> [`a`, `b`]: lists are written with commas, as people expect in an environment file."""
    if not isinstance(value, str):
        return value
    return [part for part in re.split(r"[,\s]+", value) if part]


def _pairs(value: Any) -> Any:
    """`Issue: Solution, Problem: Fix` -> pairs of names, in which there may be spaces."""
    if not isinstance(value, str):
        return value
    pairs = [tuple(name.strip() for name in part.split(":")) for part in value.split(",") if part.strip()]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise ValueError("a pair is `QUESTION: ANSWER`, the names of two columns; commas separate pairs")
    return pairs


def _object(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
Options = Annotated[Secret[dict[str, Any]], NoDecode, BeforeValidator(_object)]
Generation = Annotated[GenerationOptions, NoDecode, BeforeValidator(_object)]
Pairs = Annotated[tuple[tuple[str, str], ...], NoDecode, BeforeValidator(_pairs)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """One field a key, without a prefix: `database_url` is `DATABASE_URL`. `.env.example` explains each."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Path("var")
    database_url: SecretStr = SecretStr("")
    knowledge_dir: Path = PACKAGE / "handbook"
    faq_columns: Pairs = ()
    weights_dir: Path = Field(default_factory=lambda: user_cache_path("groundtalk") / "weights")
    voice_file: Path = PACKAGE / "voice.toml"
    steps_file: Path | None = None

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    websocket_tokens: Secrets = ()
    allowed_origins: Names = ()
    operator_token: SecretStr = SecretStr("")
    message_characters: int = Field(8_000, ge=1)
    messages_per_minute: int = Field(30, ge=1)

    profile: Literal["auto", "full", "small"] = "auto"

    training_consent: Literal["ask", "given", "never"] = "ask"

    telegram_bot_token: SecretStr = SecretStr("")
    telegram_api_base_url: str = "https://api.telegram.org/bot"
    telegram_webhook_url: str = ""
    telegram_webhook_secret: SecretStr = SecretStr("")

    engine: str = Field("openvino", pattern=r"^(openvino|llamacpp|transformers|openai|[\w.]+:\w+)$")
    engine_options: Options = Secret({})
    generator: str = GENERATOR
    rewriter: str = ""
    encoder: str = "all-MiniLM-L6-v2+e5"
    generation_options: Generation = GenerationOptions()
    openai_base_url: str = ""
    openai_api_key: SecretStr = SecretStr("")
    engine_cache_gb: int = Field(1, ge=1)
    threads: int = Field(0, ge=0)
    passage_tokens: int = Field(240, ge=50)
    evidence: Literal["passages", "sentences"] = "passages"
    reader: str = "off"
    answer_cache: int = Field(1000, ge=0)
    answer_silence: float = Field(120, gt=0)
    hf_endpoint: str = "https://huggingface.co"

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "console", "json"] = "auto"
    log_text: bool = False

    @property
    def database(self) -> str:
        """The database's URL: DATABASE_URL, or a SQLite file in DATA_DIR."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.data_dir / 'groundtalk.db'}"

    @property
    def datasets(self) -> Path:
        """The folder of all datasets."""
        return self.data_dir / "datasets"

    @property
    def reports(self) -> Path:
        """The folder with a page for every candidate of a retraining."""
        return self.data_dir / "reports"

    @property
    def runs(self) -> Path:
        """The folder of all training runs."""
        return self.data_dir / "runs"

    def local_weights(self, tasks: Collection[str] = ("retrieve", "answer", "rewrite")) -> tuple[str, ...]:
        """Names of the weights to have on this machine for these tasks."""
        names = list(weights_of(self.encoder)) if "retrieve" in tasks else []
        if self.reads:
            names.append(E5)
        if self.runs_here:
            names += [self.weights_for(task) for task in ("answer", "rewrite") if task in tasks]
        return tuple(dict.fromkeys(names))

    def weights_for(self, task: str) -> str:
        """The name of the weights that do a task of the language model, `rewrite` or `answer`."""
        if task != "rewrite":
            return self.generator
        beside = REWRITER if self.runs_here and self.generator == GENERATOR else self.generator
        return self.rewriter or beside

    @property
    def reads(self) -> bool:
        """Whether a trained reader stands between retriever and generator."""
        return self.reader != "off"

    @property
    def reader_file(self) -> Path:
        """The weights of the trained reader."""
        return SHIPPED_READER if self.reader == "on" else Path(self.reader).expanduser()

    @property
    def runs_here(self) -> bool:
        """Whether the text engine runs in this process, on weights of this machine."""
        return self.engine in ("openvino", "llamacpp", "transformers")


def load_settings(**given: Any) -> Settings:
    """The settings of this process; `given` wins over the environment and `.env`.

    Raises SettingsError with one line for each bad key. Values are not repeated: they may be secrets.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_complaints(error))) from None


def _complaints(error: ValidationError) -> Iterable[str]:
    for problem in error.errors(include_input=False, include_url=False):
        key = str(problem["loc"][0]).upper() if problem["loc"] else "settings"
        inside = "".join(f"{part}: " for part in problem["loc"][1:])
        yield f"{key}: {inside}{problem['msg']}. Correct it in the environment or in .env; .env.example explains it."
