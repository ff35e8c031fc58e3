"""χ² of the load-balancing test against printed tables, and what is said of it."""

import pytest

from app.services.mosaic_probe import Answer, ProbeTrouble
from app.viewmodels.fairness import fairness, fairness_words, survival
from app.viewmodels.text import use_language

EQUAL = {"node1": 50.0, "node2": 50.0}


@pytest.mark.parametrize(
    ("value", "degrees", "p"),
    [(3.841, 1, 0.05), (5.991, 2, 0.05), (7.815, 3, 0.05), (9.488, 4, 0.05), (16.919, 9, 0.05), (23.209, 10, 0.01),
     (6.635, 1, 0.01), (67.505, 50, 0.05), (0.0, 1, 1.0), (0.0, 2, 1.0), (0.0, 5, 1.0)],
)  # fmt: skip
def test_the_probability_is_that_of_the_tables(value: float, degrees: int, p: float) -> None:
    assert survival(value, degrees) == pytest.approx(p, abs=5e-5)


def test_shares_are_of_any_unit_and_of_any_size() -> None:
    found = fairness({"a": 96, "b": 76, "c": 78}, {"a": 1, "b": 1, "c": 1})
    assert found is not None
    assert found.chi_square == pytest.approx(2.912)
    found = fairness({"a": 40, "b": 20, "c": 10}, {"a": 400, "b": 200, "c": 100, "stopped": 0})
    assert found is not None
    assert (found.chi_square, found.p) == (pytest.approx(0), pytest.approx(1))


def test_it_says_nothing_of_too_few_of_one_node_and_of_strangers() -> None:
    assert fairness({"node1": 5, "node2": 4}, EQUAL) is None
    assert fairness({"node1": 5, "node2": 5}, EQUAL) is not None
    assert fairness({"node1": 30}, {"node1": 100.0}) is None
    assert fairness({"node1": 15, "other": 15}, EQUAL) is None


def cells(one: int, two: int, failed: int = 0) -> list[Answer | None]:
    answers = [Answer("node1", 1, 0.1)] * one + [Answer("node2", 2, 0.1)] * two
    return [*answers, *[Answer(trouble=ProbeTrouble.RESET)] * failed, None]


@pytest.mark.parametrize(
    ("one", "two", "failed", "expected", "words"),
    [
        (15, 15, 3, EQUAL, "χ² 0.00, p\xa0= 1.00: shares as expected"),
        (20, 10, 0, EQUAL, "χ² 3.33, p\xa0= 0.07: shares as expected"),
        (26, 4, 0, EQUAL, "χ² 16.13, p\xa0< 0.01: shares not as expected"),
        (3, 3, 0, EQUAL, "too few answers for χ²: choose more cells"),
        (15, 15, 0, {"node1": 100.0, "node2": 0.0}, "no answer was expected of node2"),
        (30, 0, 0, {"node1": 100.0, "node2": 0.0}, ""),
        (0, 0, 30, EQUAL, ""),
        (15, 15, 0, {}, ""),
    ],
)
def test_what_is_said(one: int, two: int, failed: int, expected: dict[str, float], words: str) -> None:
    assert fairness_words(cells(one, two, failed), expected) == words


def test_it_is_said_in_french() -> None:
    use_language("fr")
    try:
        assert fairness_words(cells(20, 10), EQUAL) == "χ² 3,33, p\xa0= 0,07\xa0: parts attendues"
    finally:
        use_language("en")
