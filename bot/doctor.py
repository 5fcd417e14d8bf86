"""Examines a deployment without starting it: what each part says, and whether the bot could serve.

Every check reports for itself, within a time limit, so one that fails or hangs hides none of the others. Loads no model
and no torch. Secrets are taken out of whatever a check says. Knows nothing of how the report is shown.
"""

import asyncio
import platform
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import Any

import psutil
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.advice import advice, explain_choice
from bot.checks import (
    check_database,
    check_disk,
    check_documents,
    check_reader,
    check_telegram,
    check_web,
    check_weights,
)
from bot.configuration import Configuration, configure, measure_and_keep
from bot.errors import explain
from bot.machine.facts import GB, this_machine
from bot.machine.speed import Speeds, known_speeds, measure_speeds
from bot.settings import Settings

CHECK_SECONDS = 10.0
MEASURE_SECONDS = 90.0
"""The longest time of a check, and of the one that may have to measure the machine first."""
PACKAGES = (
    *("groundtalk", "openvino", "openvino-genai", "faiss-cpu", "numpy", "langchain-core", "fastapi"),
    *("sqlalchemy", "python-telegram-bot", "transformers", "torch"),
)
HIDDEN = "***"
SHORTEST_SECRET = 4

Check = Callable[[], Awaitable[str]]
"""Says what is the case, or raises what is wrong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says. ok: nothing that keeps the bot from serving."""

    ok: bool
    says: str


@dataclass(frozen=True, slots=True)
class Report:
    """findings: by the name of the check. facts: for a machine to read. choice, advice: sentences."""

    findings: Mapping[str, Finding]
    facts: Mapping[str, Any] = field(default_factory=dict)
    choice: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings.values())

    def as_json(self) -> dict[str, Any]:
        findings = {name: asdict(finding) for name, finding in self.findings.items()}
        return {
            "ok": self.ok,
            "checks": findings,
            **self.facts,
            "choice": list(self.choice),
            "advice": list(self.advice),
        }


async def examine(
    settings: Settings, seconds: float = CHECK_SECONDS, measure: Callable[[int], Speeds] = measure_speeds
) -> Report:
    """All checks of a deployment; none takes longer than `seconds`, except the first measurement of the machine."""
    found: list[Configuration] = []

    async def check_profile() -> str:
        found.append(await asyncio.to_thread(measured, settings, measure))
        return profile_line(found[0])

    profile = await _finding(check_profile, MEASURE_SECONDS)
    settled = found[0].settings if found else settings
    checks = checks_of(settled)
    findings = await asyncio.gather(*(_finding(check, seconds) for check in checks.values()))
    named = {"machine": machine_finding(), "profile": profile, **dict(zip(checks, findings, strict=True))}
    named = {name: _without(secrets_of(settings), finding) for name, finding in named.items()}
    if not found:
        return Report(named, {"versions": versions()})
    more = {"versions": versions(), **facts(found[0])}
    return Report(named, more, tuple(explain_choice(found[0])[:2]), tuple(advice(found[0])))


def measured(settings: Settings, measure: Callable[[int], Speeds]) -> Configuration:
    """The configuration, with the speeds measured also where a profile was asked for. Raises MachineTooSmall."""
    machine = this_machine()
    if settings.runs_here and known_speeds(settings.data_dir, machine) is None:
        measure_and_keep(settings.data_dir, machine, measure)
    return configure(settings, measure=measure)


def checks_of(settings: Settings) -> dict[str, Check]:
    """The checks that need no model, by name."""
    return {
        "database": lambda: check_database(settings),
        "documents": lambda: check_documents(settings),
        "weights": lambda: check_weights(settings),
        "reader": lambda: check_reader(settings),
        "disk": lambda: check_disk(settings),
        "telegram": lambda: check_telegram(settings),
        "web": lambda: check_web(settings),
    }


def _without(secrets: frozenset[str], finding: Finding) -> Finding:
    says = finding.says
    for secret in sorted(secrets, key=len, reverse=True):
        says = says.replace(secret, HIDDEN)
    return Finding(finding.ok, says)


async def _finding(check: Check, seconds: float) -> Finding:
    try:
        async with asyncio.timeout(seconds):
            return Finding(True, await check())
    except TimeoutError:
        return Finding(False, f"No answer within {seconds:g} s.")
    except Exception as error:
        return Finding(False, explain(error))


def machine_finding() -> Finding:
    """Processor, instructions and memory; always ok, as the profile judges them."""
    machine = this_machine()
    quota = f", limited to the time of {machine.quota:g}" if machine.quota else ""
    available = min(psutil.virtual_memory().available, machine.memory) / GB
    features = " ".join(machine.features) or "no special instructions"
    now = f"{available:.1f} GB of it available, load {psutil.getloadavg()[0]:.1f}"
    return Finding(True, f"{machine}{quota}, {now}; {features}; {platform.platform()}.")


def profile_line(configuration: Configuration) -> str:
    """What was chosen, in one line."""
    settings, choice = configuration.settings, configuration.choice
    name = choice.profile if choice else "set by hand"
    return (
        f"{name} (PROFILE={settings.profile}): ENGINE={settings.engine} GENERATOR={settings.generator} "
        f"REWRITER={settings.weights_for('rewrite')} ENCODER={settings.encoder} "
        f"PASSAGE_TOKENS={settings.passage_tokens} THREADS={settings.threads or 'automatic'}; the encoder computes in "
        f"{'bfloat16' if configuration.machine.has_bf16 else 'float32'}."
    )


def facts(configuration: Configuration) -> dict[str, Any]:
    """The machine, its speeds and the choice, for a machine to read."""
    return {
        "machine": asdict(configuration.machine),
        "speeds": {name: asdict(speed) for name, speed in (configuration.speeds or {}).items()},
        "profile": asdict(configuration.choice) if configuration.choice else None,
    }


def versions() -> dict[str, str]:
    """Of what is installed, read from the packages' metadata without importing them."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def secrets_of(settings: Settings) -> frozenset[str]:
    """Every value that must not be printed. Shorter ones are no secrets, and would be found in other words."""
    values = [
        settings.operator_token,
        settings.telegram_bot_token,
        settings.telegram_webhook_secret,
        settings.openai_api_key,
        *settings.websocket_tokens,
    ]
    secrets = {value.get_secret_value() for value in values}
    secrets |= {
        value for value in settings.engine_options.get_secret_value().values() if isinstance(value, str)
    }
    try:
        secrets.add(make_url(settings.database).password or "")
    except ArgumentError:
        secrets.add(settings.database)
    return frozenset(value for value in secrets if len(value) >= SHORTEST_SECRET)
