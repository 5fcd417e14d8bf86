"""What can go wrong between a folder of documents and a ranked list of chunks. Every message names the
remedy.

RetrievalError
├── EncoderError           weights are missing or cannot be loaded
├── FingerprintMismatch    the collection was embedded by another encoder
├── UnreadableDocument     one file cannot be read; the rest is ingested
├── IngestRunning          another process is ingesting into the same collection
├── IngestFailed           a new snapshot could not be written; the old one stays live
└── SnapshotDamaged        files of a snapshot are missing or altered
"""

from pathlib import Path


class RetrievalError(Exception):
    """The root of this package's errors; its text may be shown to an operator."""

    def __init__(self, message: str = "", *, remedies: tuple[str, ...] = ()) -> None:
        """remedies: names of the parameters and functions that put it right, for whoever has other names for them."""
        super().__init__(message)
        self.remedies = remedies


class EncoderError(RetrievalError):
    """The encoder's weights are missing or cannot be loaded."""


class FingerprintMismatch(RetrievalError):
    """The collection holds vectors of another encoder, which cannot be compared with this one's."""

    def __init__(self, folder: Path, stored: str, given: str) -> None:
        super().__init__(
            f"{folder} was embedded by encoder {stored} and this one is {given}. "
            "Use the former encoder, or ingest the documents again with this one.",
            remedies=("encoder",),
        )
        self.stored = stored
        self.given = given


class UnreadableDocument(RetrievalError):
    """One file cannot be read as what its name says it is."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class IngestRunning(RetrievalError):
    """Another process is ingesting into the same collection."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"Another ingest into {folder} is running. Wait for it and try again.")


class IngestFailed(RetrievalError):
    """A new snapshot could not be written; what was published before stays live."""


class SnapshotDamaged(RetrievalError):
    """Files of a snapshot are missing or altered."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"The snapshot {folder} is damaged: {reason}. Remove the folder and ingest again.")
        self.folder = folder
