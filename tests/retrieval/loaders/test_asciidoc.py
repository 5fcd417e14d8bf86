from retrieval.documents import Document
from retrieval.loaders.asciidoc import load_asciidoc

PAGE = """= Otter manual
:product: Otter
:toc:
// a comment

== Setup [[setup]]

Press btn:[Start] in the *{product}* window, or menu:File[Open]. See link:https://otter.example/get[the download page^]
and <<limits,the limits>>.

WARNING: Unplug it _first_.

[NOTE]
====
It keeps `30` backups.

It never asks.
====

. Open the lid.
+
[source,sh]
----
otter run # <1>
  --all
----
. Press reset.
.. Wait.

* one
** half

Timeout:: Seconds to wait.

.Weights
[cols="1,1",options="header"]
|===
|Model |Weight

|X-33
|363 kg

|X-34 |410 kg
|===

image::lever.png[The red lever points left]

include::secret.adoc[]

////
not for readers
////

ifdef::web[]
=== Limits
endif::[]

At most ten. +
Or fewer.
"""


def adoc(text: str) -> Document:
    (document,) = load_asciidoc(text.encode(), "manual.adoc")
    return document


def test_a_page_is_what_a_reader_sees() -> None:
    document = adoc(PAGE)
    assert document.title == "Otter manual"
    assert document.text.splitlines() == [
        "Otter manual",
        "Setup",
        "Press Start in the Otter window, or File > Open. See the download page (https://otter.example/get) "
        "and the limits.",
        "Warning: Unplug it first.",
        "Note: It keeps 30 backups.",
        "It never asks.",
        "1. Open the lid.",
        "otter run",
        "  --all",
        "2. Press reset.",
        "1. Wait.",
        "- one",
        "- half",
        "Timeout: Seconds to wait.",
        "Weights",
        "Model: X-33; Weight: 363 kg",
        "Model: X-34; Weight: 410 kg",
        "The red lever points left",
        "Limits",
        "At most ten. Or fewer.",
    ]
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Otter manual"),
        (2, "Setup"),
        (3, "Limits"),
    ]


def test_spanning_cells_stand_in_each_row() -> None:
    table = '[%header,cols="3*"]\n|===\n|Station |Days |Time\n\n.2+|Millbrook |Weekdays |6:40\n|Sundays |8:10\n|===\n'
    assert adoc(table).text.splitlines() == [
        "Station: Millbrook; Days: Weekdays; Time: 6:40",
        "Station: Millbrook; Days: Sundays; Time: 8:10",
    ]


def test_cells_need_no_space_between_them_and_hugo_s_tags_go() -> None:
    text = """{{% notice note %}} Ask an administrator.{{% /notice %}}

[cols="10,90"]
|===
|*Text*|A line of text
|*Date*|A day
|===
"""
    assert adoc(text).text.splitlines() == ["Ask an administrator.", "Text: A line of text", "Date: A day"]


def test_a_table_may_be_written_in_csv() -> None:
    assert adoc("[%header,format=csv]\n|===\nItem,Price\nPump,40\n|===\n").text == "Item: Pump; Price: 40"
