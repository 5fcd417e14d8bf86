"""Logs: one format for our own and for libraries, without the text of messages unless asked for."""

import json
import logging

import pytest
import structlog

from bot.logs import set_up_logs
from bot.settings import Settings


@pytest.fixture(autouse=True)
def _restore_logging():
    root = logging.getLogger()
    before, level = root.handlers, root.level
    yield
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()


def lines(capsys) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def settings(**given) -> Settings:
    return Settings(_env_file=None, **{"log_format": "json", **given})


def test_a_record_is_one_json_object_with_its_fields(capsys):
    set_up_logs(settings())
    structlog.get_logger("ours").info("answered", conversation="c1", turn=2)
    logging.getLogger("theirs").warning("port %d is busy", 80)
    ours, theirs = lines(capsys)
    assert (ours["event"], ours["level"], ours["conversation"], ours["turn"]) == ("answered", "info", "c1", 2)
    assert (theirs["event"], theirs["level"]) == ("port 80 is busy", "warning")


def test_words_of_people_are_cut_to_their_length(capsys):
    set_up_logs(settings())
    structlog.get_logger().info("accepted", text="my name is Ada", query="谁是 Ada")
    (record,) = lines(capsys)
    assert (record["text"], record["query"]) == ("<14 characters>", "<6 characters>")


def test_words_of_people_are_logged_when_asked_for(capsys):
    set_up_logs(settings(log_text=True))
    structlog.get_logger().info("accepted", text="我的名字")
    assert lines(capsys)[0]["text"] == "我的名字"


def test_a_traceback_stays_within_its_line(capsys):
    set_up_logs(settings())
    secret = "my name is Ada"
    try:
        raise ValueError(len(secret))
    except ValueError:
        structlog.get_logger().exception("failed")
    (record,) = lines(capsys)
    assert record["exception"][0]["exc_type"] == "ValueError"
    assert secret not in json.dumps(record), "local variables hold what people wrote"


def test_libraries_that_log_every_request_are_quiet_even_when_debugging(capsys):
    set_up_logs(settings(log_level="DEBUG"))
    logging.getLogger("httpx").info("GET https://api.telegram.org/bot123:secret/getMe")
    assert lines(capsys) == []


def test_the_level_is_the_least_that_is_logged(capsys):
    set_up_logs(settings(log_level="ERROR"))
    structlog.get_logger().warning("hidden")
    assert lines(capsys) == []


def test_a_terminal_gets_readable_lines(capsys):
    set_up_logs(settings(log_format="console"))
    structlog.get_logger().info("answered", turn=2)
    assert "answered" in capsys.readouterr().err
