from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document

from retrieval.reader.candidates import Candidates


def found(*sources: str) -> list[Document]:
    return [Document(str(n), metadata={"source": source}) for n, source in enumerate(sources)]


def read(candidates: Candidates, *sources: str) -> str:
    return "".join(document.page_content for document in candidates.of(found(*sources)))


def test_more_of_the_best_pages_is_read_before_what_ranks_next() -> None:
    assert read(Candidates(first=2, most=4, pages=1), "a", "b", "c", "c", "a", "a") == "0145"
    assert read(Candidates(first=2, most=4, pages=2), "a", "b", "c", "b", "a", "a") == "0134"


def test_if_pages_hold_nothing_more_the_next_are_read() -> None:
    assert read(Candidates(first=1, most=3, pages=1), "a", "b", "c", "d") == "012"


@given(st.lists(st.sampled_from("abcd"), max_size=60))
def test_it_is_as_many_as_there_are_in_the_order_of_the_search(sources: list[str]) -> None:
    documents, candidates = found(*sources), Candidates()
    chosen = candidates.of(documents)
    assert len(chosen) == min(candidates.most, len(documents))
    assert chosen[: candidates.first] == documents[: candidates.first]
    assert [int(each.page_content) for each in chosen] == sorted(int(each.page_content) for each in chosen)
