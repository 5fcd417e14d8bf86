from finetune.training.retriever.contrastive import contrastive_rows, trial_of
from finetune.training.retriever.material import Material
from finetune.training.retriever.options import EncoderOptions


def test_a_row_is_a_question_an_answer_and_what_was_mistaken_for_one(material: Material) -> None:
    first = next(contrastive_rows(material, material.negatives(), EncoderOptions(negatives=1)))
    assert first == {
        "question": "cellar first din",
        "positive": "cellar first noise",
        "negative_1": "cellar first",
    }


def test_all_rows_have_the_same_columns_and_no_positive_is_borrowed(material: Material) -> None:
    nothing_mined: list[list[int]] = [[] for _ in material.questions]
    rows = list(contrastive_rows(material, nothing_mined, EncoderOptions(negatives=3)))
    assert len(rows) == len(material.questions)
    for row in rows:
        borrowed = [row[f"negative_{n}"] for n in (1, 2, 3)]
        assert len({row["positive"], *borrowed}) == 4


def test_so_many_positives_of_a_question_have_rows(material: Material) -> None:
    everything = {q.id: dict.fromkeys(material.searches.relevant[q.id] | {}, 1) for q in material.questions}
    first = material.questions[0].id
    everything[first] = {passage.id: 1 for passage in material.searches.corpus[:9]}
    many = Material(
        type(material.searches)("many", material.searches.corpus, material.questions, everything), {}
    )
    rows = list(
        contrastive_rows(many, [[] for _ in many.questions], EncoderOptions(positives=4, negatives=1))
    )
    assert sum(row["question"] == "cellar first din" for row in rows) == 4


def test_the_same_seed_draws_the_same(material: Material) -> None:
    negatives = [list(range(10, 30)) for _ in material.questions]
    one, two, other = (
        list(contrastive_rows(material, negatives, EncoderOptions(seed=seed))) for seed in (1, 1, 2)
    )
    assert one == two != other


def test_a_trial_searches_among_answers_and_what_was_mistaken_for_them(material: Material) -> None:
    few = material.only(lambda question: question.question.startswith("attic"))
    trial = trial_of(few, few.negatives())
    assert len(trial.questions) == 5
    assert sorted(trial.passages.values()) == sorted(
        f"attic {order}{word}"
        for order in ("first", "second", "third", "fourth", "fifth")
        for word in ("", " noise")
    )
    assert trial.relevant.keys() == trial.questions.keys()
