"""The examination of a deployment: every check reports for itself, nothing hangs, and no secret is shown."""

import asyncio
import json
import subprocess
import sys

import pytest

from bot.commands import main
from bot.doctor import HIDDEN, Finding, Report, _finding, examine, secrets_of
from bot.machine.speed import SHAPES, Speed
from bot.settings import Settings

QUICK = {name: Speed(500, 50) for name in SHAPES}
SECRETS = {
    "operator_token": "operators-own-word",
    "websocket_tokens": "visitors-own-word",
    "telegram_bot_token": "123456:telegrams-own-word",
    "openai_api_key": "servers-own-word",
    "database_url": "postgresql://me:databases-own-word@127.0.0.1:1/bot",
    "engine_options": {"api_key": "options-own-word"},
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def settings(folder, **given) -> Settings:
    apart = {
        "data_dir": folder / "var",
        "weights_dir": folder / "weights",
        "knowledge_dir": folder,
        "port": 0,
    }
    return Settings(_env_file=None, **(apart | given))


async def test_a_deployment_that_lacks_only_its_weights(tmp_path):
    report = await examine(settings(tmp_path), measure=lambda threads: QUICK)
    assert not report.ok
    assert [name for name, finding in report.findings.items() if not finding.ok] == ["weights"]
    assert report.choice[0].startswith("Profile full")


async def test_a_deployment_that_can_serve(tmp_path):
    apart = settings(tmp_path, engine="openai", encoder="universal-sentence-encoder-multilingual")
    report = await examine(apart, measure=lambda threads: QUICK)
    assert report.ok


async def test_the_database_may_be_down_and_the_others_report(tmp_path):
    report = await examine(
        settings(tmp_path, database_url=SECRETS["database_url"]), measure=lambda threads: QUICK
    )
    assert not report.findings["database"].ok
    assert report.findings["disk"].ok
    assert report.findings["web"].ok


async def test_a_machine_that_is_asked_for_a_profile_is_measured_all_the_same(tmp_path):
    report = await examine(settings(tmp_path, profile="small"), measure=lambda threads: QUICK)
    assert report.facts["speeds"] == {name: {"read": 500, "write": 50} for name in SHAPES}
    assert "first word" in report.choice[1]


async def test_a_machine_that_cannot_be_measured_still_reports(tmp_path):
    def broken(threads):
        raise OSError("no OpenVINO")

    report = await examine(settings(tmp_path), measure=broken)
    assert report.findings["profile"].ok
    assert report.facts["speeds"] == {}


async def test_no_secret_is_in_the_report(tmp_path):
    given = settings(tmp_path, telegram_api_base_url="http://127.0.0.1:1/bot", **SECRETS)
    report = await examine(given, measure=lambda threads: QUICK)
    assert "own-word" not in json.dumps(report.as_json())


async def test_a_secret_in_the_text_of_an_error_is_hidden(tmp_path):
    path = tmp_path / "operators-own-word"
    given = settings(tmp_path, operator_token="operators-own-word", knowledge_dir=path)
    report = await examine(given, measure=lambda threads: QUICK)
    assert HIDDEN in report.findings["documents"].says
    assert "own-word" not in json.dumps(report.as_json())


def test_all_secrets_are_known(tmp_path):
    assert len(secrets_of(settings(tmp_path, **SECRETS))) == len(SECRETS)


async def test_a_check_that_hangs_is_ended():
    async def hang() -> str:
        await asyncio.sleep(60)
        return "never"

    assert await _finding(hang, 0.01) == Finding(False, "No answer within 0.01 s.")


async def test_a_check_that_fails_in_an_unexpected_way_is_a_finding():
    async def fail() -> str:
        raise RuntimeError("out of luck")

    assert await _finding(fail, 1) == Finding(False, "out of luck")


def test_a_report_is_ok_if_all_findings_are():
    assert Report({"one": Finding(True, "fine")}).ok
    assert not Report({"one": Finding(True, "fine"), "two": Finding(False, "broken")}).ok


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(args))
    return int(ended.value.code or 0)


def test_the_command_prints_json_and_ends_with_1_where_the_bot_cannot_serve(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("ENGINE", "openai")
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path))
    assert run("doctor", "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["ok"]
    assert not report["checks"]["weights"]["ok"]
    assert report["versions"]["python"] == sys.version.split()[0]


def test_the_command_ends_with_0_where_the_bot_can_serve(monkeypatch, capsys):
    monkeypatch.setenv("ENGINE", "openai")
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("ENCODER", "universal-sentence-encoder-multilingual")
    assert run("doctor") == 0
    assert capsys.readouterr().out.rstrip().endswith("The bot can serve.")


def test_settings_that_cannot_be_read_are_a_finding(monkeypatch, capsys):
    monkeypatch.setenv("PORT", "hunter2")
    assert run("doctor") == 1
    said = capsys.readouterr().out
    assert "PORT" in said and "cannot serve: see settings" in said
    assert "hunter2" not in said


def test_it_loads_no_model_and_no_torch(tmp_path):
    code = (
        "import sys; from bot.commands import main\n"
        "try: main(['doctor', '--json'])\n"
        "finally: print({'torch', 'transformers', 'openvino', 'faiss'} & sys.modules.keys())"
    )
    environment = {"ENGINE": "openai", "PATH": "", "PYTHONPATH": ":".join(sys.path), "PORT": "0"}
    shown = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    assert shown.stdout.rstrip().endswith("set()"), shown.stderr
