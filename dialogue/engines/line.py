"""Requests that wait for a model's thread. Knows neither the model nor what becomes of them."""

import threading

from dialogue.engines.request import Request
from dialogue.errors import EngineError


class Line:
    """Many join it from any thread; the model's one thread lets them in."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._waiting: list[Request] = []
        self.closed = False

    def join(self, request: Request) -> None:
        """Returns at once. Raises EngineError when closed."""
        with self._news:
            if self.closed:
                raise shut_down()
            self._waiting.append(request)
            self._news.notify()

    def admit(self, *, wait: bool) -> list[Request]:
        """Everybody who has come, in order; with `wait`, not before there is somebody or the line is closed."""
        with self._news:
            self._news.wait_for(lambda: self._waiting or self.closed or not wait)
            admitted, self._waiting = self._waiting, []
        return [request for request in admitted if not request.cancelled.is_set()]

    def close(self) -> None:
        with self._news:
            self.closed = True
            self._news.notify()


def shut_down() -> EngineError:
    return EngineError("The engine was shut down; ask again after the restart.")
