"""A short memory of what has been done, so that what comes again at once is not done again."""

from collections import OrderedDict
from collections.abc import Hashable


class Recent:
    """The last `most` things that were noted."""

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._things: OrderedDict[Hashable, None] = OrderedDict()

    def __contains__(self, thing: Hashable) -> bool:
        return thing in self._things

    def note(self, thing: Hashable) -> bool:
        """Remember `thing`; whether it is new."""
        new = thing not in self._things
        self._things[thing] = None
        if len(self._things) > self._most:
            self._things.popitem(last=False)
        return new
