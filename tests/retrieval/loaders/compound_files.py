"""Small compound files (MS-CFB), the container of Office before 2007 and of Outlook's mails, written for tests."""

import struct
from collections.abc import Mapping
from typing import Union

Storage = Mapping[str, Union[bytes, "Storage"]]

END, FREE, NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF
SECTOR, MINI_SECTOR = 512, 64


def compound_file(root: Storage) -> bytes:
    """A file of streams and storages; each stream below 4,096 bytes, all of them below 40 kB."""
    entries = [(name, content, parent) for name, content, parent in _flat("Root Entry", root, -1)]
    mini, mini_fat, starts = b"", [], {}
    for number, (_, content, _) in enumerate(entries):
        if isinstance(content, bytes) and content:
            starts[number] = len(mini_fat)
            count = -(-len(content) // MINI_SECTOR)
            mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), END]
            mini += content.ljust(count * MINI_SECTOR, b"\0")
    parts = [b"", b"", struct.pack(f"<{len(mini_fat)}I", *mini_fat), mini]
    directory_sectors = -(-len(entries) * 128 // SECTOR)
    sizes = [1, directory_sectors, *(-(-len(part) // SECTOR) for part in parts[2:])]
    first = [sum(sizes[:number]) for number in range(4)]
    parts[1] = b"".join(
        _entry(number, entries, starts, first[3], len(mini)) for number in range(len(entries))
    )
    fat = [0xFFFFFFFD]
    for size in sizes[1:]:
        fat += [*range(len(fat) + 1, len(fat) + size), END] if size else []
    parts[0] = struct.pack(f"<{len(fat)}I", *fat).ljust(SECTOR, b"\xff")
    header = struct.pack(
        "<8s16sHHHHH6s9I109I",
        *(
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            bytes(16),
            0x3E,
            3,
            0xFFFE,
            9,
            6,
            bytes(6),
            0,
            1,
            first[1],
            0,
            4096,
        ),
        *(first[2], sizes[2], END, 0, 0, *[FREE] * 108),
    )
    fill = (b"\xff", b"\0", b"\xff", b"\0")
    return header + b"".join(p.ljust(n * SECTOR, f) for p, n, f in zip(parts, sizes, fill, strict=True))


def _flat(name: str, content: bytes | Storage, parent: int) -> list[tuple[str, bytes | Storage, int]]:
    """Every entry with the position of the storage that it lies in, that storage first."""
    entries = [(name, content, parent)]
    for child, value in content.items() if not isinstance(content, bytes) else ():
        offset = len(entries)
        below = _flat(child, value, -1)
        entries += [(n, c, offset + p if p >= 0 else 0) for n, c, p in below]
    return [(n, c, p if number else parent) for number, (n, c, p) in enumerate(entries)]


def _entry(number: int, entries: list, starts: dict, mini_start: int, mini_size: int) -> bytes:
    """One directory entry; the entries of a storage are linked in a chain."""
    name, content, parent = entries[number]
    children = [n for n, entry in enumerate(entries) if entry[2] == number and n]
    siblings = [n for n, entry in enumerate(entries) if entry[2] == parent and n > number]
    kind = 5 if number == 0 else 2 if isinstance(content, bytes) else 1
    start, size = (
        (mini_start, mini_size)
        if number == 0
        else (starts.get(number, END), len(content) if kind == 2 else 0)
    )
    text = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        *(text, len(text) + 2, kind, 1, NONE, siblings[0] if siblings and number else NONE),
        *(children[0] if children else NONE, bytes(16), 0, 0, 0, start, size),
    )


def outlook_mail(texts: Mapping[int, str], files: Mapping[str, bytes] | None = None) -> bytes:
    """A mail as Outlook saves it: its texts by property (0x0037 the subject, 0x1000 the body), and its attachments."""
    streams = {f"__substg1.0_{id:04X}001F": text.encode("utf-16-le") for id, text in texts.items()}
    attachments = {
        f"__attach_version1.0_#{number:08X}": {
            "__properties_version1.0": bytes(8)
            + _property(0x3707, 0x1F, 2 * len(name) + 2)
            + _property(0x3701, 0x0102, len(data)),
            "__substg1.0_3707001F": name.encode("utf-16-le"),
            "__substg1.0_37010102": data,
        }
        for number, (name, data) in enumerate((files or {}).items())
    }
    properties = b"".join(_property(id, 0x1F, 2 * len(text) + 2) for id, text in texts.items())
    unicode = _property(0x340D, 0x03, 0x00040000)
    return compound_file(
        {"__properties_version1.0": bytes(32) + unicode + properties, **streams, **attachments}
    )


def _property(id: int, kind: int, value: int) -> bytes:
    return struct.pack("<HHIQ", kind, id, 6, value)
