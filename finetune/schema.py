"""The tables of releases: what was trained, its files, which release is active since when, and who retrains now."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from dialogue.store.schema import Instant, Name, Prose

metadata = MetaData()

release = Table(
    "release",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tasks", JSON, nullable=False),
    Column("base", Prose, nullable=False),
    Column("parent", String(64), ForeignKey("release.id")),
    Column("dataset", Prose),
    Column("metrics", JSON, nullable=False),
    Column("decision", JSON),
    Column("manifest", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
)
Index("release_made", release.c.created_at)

release_file = Table(
    "release_file",
    metadata,
    Column("release", String(64), ForeignKey("release.id"), primary_key=True),
    Column("name", Name, primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("bytes", LargeBinary, nullable=False),
)

promotion = Table(
    "promotion",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("lineup", JSON, nullable=False),
    Column("parent", Integer, ForeignKey("promotion.number")),
    Column("reason", Prose, nullable=False),
    Column("created_at", Instant, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Instant, nullable=False),
)
