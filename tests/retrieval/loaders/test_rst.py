from retrieval.documents import Document
from retrieval.loaders.rst import load_rst

PAGE = """
.. _setup:

Setup
=====

.. contents::

Use :guilabel:`&File`, then :menuselection:`Tools --> Options`, see :ref:`setting up <setup>` or
:doc:`/help/first-steps`. Press :kbd:`Ctrl+S`. |product| keeps ``30`` backups [1]_.
`Download <https://otter.example/get>`__ it.

.. |product| replace:: Otter

.. note:: Unplug it *first*.

.. versionadded:: 2.1
   The ``--all`` option.

.. option:: --port <number>

   The port on which it listens.

#. Open the lid.
#. Press reset.

.. code-block:: sh
   :caption: Example

   otter run \\
       --all

.. list-table::
   :header-rows: 1

   * - Model
     - Weight
   * - X-33
     - 363 kg

.. include:: /etc/passwd

.. image:: lever.png
   :alt: x

.. toctree::

   other/page

Limits |undefined|
------------------

term
    What it means.

.. [1] By default.
"""


def rst(text: str) -> Document:
    (document,) = load_rst(text.encode(), "setup.rst")
    return document


def test_a_sphinx_page_is_what_a_reader_sees() -> None:
    document = rst(PAGE)
    lines = document.text.splitlines()
    assert document.title == "Setup"
    assert lines[:2] == [
        "Setup",
        "Use File, then Tools > Options, see setting up or first-steps. Press Ctrl+S. Otter keeps 30 backups. "
        "Download (https://otter.example/get) it.",
    ]
    for line in (
        "Note: Unplug it first.",
        "--port <number>",
        "The port on which it listens.",
        "1. Open the lid.",
        "2. Press reset.",
        "otter run \\",
        "    --all",
        "Model: X-33; Weight: 363 kg",
        "term: What it means.",
    ):
        assert line in lines
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "Setup"), (2, "Limits")]


def test_no_markup_and_no_other_file_is_in_it() -> None:
    text = rst(PAGE).text
    for unwanted in ("::", "``", ":ref:", ".. ", "|", "root:", "other/page", "lever", "caption"):
        assert unwanted not in text
