"""`groundtalk doctor`: examines the machine and the deployment, and says what keeps the bot from serving."""

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.doctor import Finding, Report, examine, machine_finding, versions
from bot.errors import SettingsError
from bot.settings import load_settings

app = typer.Typer()


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")] = False,
) -> None:
    """Examine the machine and the deployment: exit code 0 if the bot can serve, 1 with the reasons if not.

    Prints no secrets: put the output into a bug report.
    """
    report = _report()
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=1))
    else:
        _print(report)
    raise typer.Exit(0 if report.ok else 1)


def _report() -> Report:
    try:
        settings = load_settings()
    except SettingsError as error:
        findings = {"machine": machine_finding(), "settings": Finding(False, str(error))}
        return Report(findings, {"versions": versions()})
    return asyncio.run(examine(settings))


def _print(report: Report) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, finding in report.findings.items():
        mark = Text("ok", "green") if finding.ok else Text("problem", "bold red")
        table.add_row(mark, Text(name, "bold"), Text(finding.says))
    console.print(table)
    console.print(_versions(report.facts["versions"]), style="dim")
    for sentence in (*report.choice, *report.advice):
        console.print(sentence, markup=False)
    console.print(_verdict(report), style="bold")


def _versions(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _verdict(report: Report) -> str:
    problems = [name for name, finding in report.findings.items() if not finding.ok]
    return f"The bot cannot serve: see {', '.join(problems)}." if problems else "The bot can serve."
