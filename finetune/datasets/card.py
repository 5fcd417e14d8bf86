"""A dataset's card: what is in it and what was left out, for people to read."""

from collections.abc import Iterator

from finetune.datasets.manifest import Manifest
from finetune.datasets.splitting import SPLITS


def card(manifest: Manifest) -> str:
    """Markdown, without lineage: it may be shown to whoever may not see whose words these are."""
    return "\n".join(_lines(manifest)) + "\n"


def counts(manifest: Manifest) -> dict[str, tuple[int, ...]]:
    """Rows by kind: train, validation, test."""
    kinds = sorted({name.split(".")[0] for name in manifest.files})
    return {
        kind: tuple(
            record.rows if (record := manifest.files.get(f"{kind}.{split}.jsonl")) else 0 for split in SPLITS
        )
        for kind in kinds
    }


def _lines(manifest: Manifest) -> Iterator[str]:
    yield f"# Dataset {manifest.id}"
    yield ""
    yield f"| examples | {' | '.join(SPLITS)} |"
    yield "|---|" + "---:|" * len(SPLITS)
    for kind, rows in counts(manifest).items():
        yield f"| {kind} | {' | '.join(map(str, rows))} |"
    yield ""
    yield from _origin(manifest)
    yield ""
    yield "## Left out or changed"
    yield ""
    yield "| reason | |"
    yield "|---|---:|"
    yield from (f"| {reason} | {count} |" for reason, count in manifest.filters.items())
    if manifest.forgotten:
        yield f"| forgotten later | {manifest.forgotten} |"


def _origin(manifest: Manifest) -> Iterator[str]:
    logged = {source.conversation for sources in manifest.lineage.values() for source in sources}
    if logged:
        since, until = manifest.log.since, manifest.log.until
        days = f"{since:%Y-%m-%d}" if since else "the first day", f"{until:%Y-%m-%d}" if until else "today"
        yield f"From {len(logged)} logged conversations, answered from {days[0]} to {days[1]}."
    for item in manifest.imports:
        yield f"- imported: {item.name}, {item.rows} rows, SHA-256 {item.sha256}"
    if manifest.replaces:
        yield f"Takes the place of {', '.join(manifest.replaces)}, from which people were forgotten."
