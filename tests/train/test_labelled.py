"""Labelled requests are read line by line, and what is wrong with them is told by its line."""

from io import BytesIO
from random import Random
from typing import Any

import pytest

from routedsl.train.labelled import LONGEST_LINE, MOST_PROBLEMS, LabelError, oddities, read_labelled
from tests.train.requests import CHAT, data, labelled, lines

GOOD = lines(Random(0), 60)
ONE = {"prompt": "hello", "weak": True, "strong": True, "subject": "s0"}


def problems(made: list[Any]) -> tuple[str, ...]:
    with pytest.raises(LabelError) as refused:
        labelled(made)
    return refused.value.problems


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in ONE.items() if key != name}


def test_prompts_and_messages_are_read_alike() -> None:
    talk = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]
    found = labelled([*GOOD, ONE, {**without("prompt"), "messages": talk}, "\n", {**ONE, "id": 7}])
    assert found[-3].hashed == found[-2].hashed == found[-1].hashed != found[0].hashed
    assert len(found) == 63


def test_the_same_text_but_for_case_and_spaces_has_one_fingerprint() -> None:
    found = labelled([*GOOD, ONE, {**ONE, "prompt": " HELLO\n"}, {**ONE, "prompt": "hallo"}])
    assert found[-3].fingerprint == found[-2].fingerprint != found[-1].fingerprint


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("{\n", "the line is not valid JSON"),
        ("[]\n", "the line must be an object"),
        ("null\n", "the line must be an object"),
        (without("prompt"), "there must be either a `prompt` or `messages`"),
        ({**ONE, "messages": []}, "there must be either a `prompt` or `messages`"),
        ({**ONE, "prompt": 3}, "`prompt` must be a text"),
        ({**without("prompt"), "messages": "hello"}, "`messages` must be"),
        ({**without("prompt"), "messages": [{"role": 1}]}, "`messages[0].role` must be"),
        (without("weak"), "`weak` must be true or false"),
        ({**ONE, "weak": 1}, "`weak` must be true or false"),
        ({**ONE, "strong": "yes"}, "`strong` must be true or false"),
        (without("subject"), "`subject` must be a text"),
        ('{"prompt": "a", "prompt": "b", "weak": true, "subject": "s"}\n', "the key `prompt`"),
        ('{"prompt": "\\ud83d", "weak": true, "subject": "s"}\n', ""),
        ('{"a": ' + "[" * 5000 + "\n", ""),
    ],
)
def test_what_is_wrong_with_a_line_is_told_by_its_number(wrong: Any, told: str) -> None:
    (problem,) = problems([*GOOD, wrong, ONE])
    assert problem.startswith(f"labelled.jsonl:61: {told}")
    assert "\n" not in problem


def test_several_problems_are_told_and_not_all_of_very_many() -> None:
    assert [problem.split(" ")[0] for problem in problems(["{\n", *GOOD, "[]\n"])] == [
        "labelled.jsonl:1:",
        "labelled.jsonl:62:",
    ]
    assert len(problems(["x\n"] * 1000)) == MOST_PROBLEMS


def test_a_line_without_end_is_told_and_not_read_whole() -> None:
    stream = BytesIO(data(GOOD) + b"x" * (3 * LONGEST_LINE))
    with pytest.raises(LabelError) as refused:
        read_labelled(stream, "f", CHAT)
    assert refused.value.problems[0] == "f:61: the line is longer than 4 MiB"


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ([], "there are 0 requests; 50 are the fewest"),
        (GOOD[:49], "there are 49 requests; 50 are the fewest"),
        ([{**one, "subject": "all"} for one in GOOD], "there are 1 subjects; 3 are the fewest"),
        ([{**one, "weak": True} for one in GOOD], "the weak model is always right"),
        ([{**one, "weak": False} for one in GOOD], "the weak model is always wrong"),
        ([*GOOD, without("strong")], "some requests have `strong` and others have not"),
    ],
)
def test_what_nothing_can_be_learned_from_is_told(made: list[Any], told: str) -> None:
    (problem,) = problems(made)
    assert problem.startswith(f"labelled.jsonl: {told}")


def test_a_strong_model_that_is_none_is_remarked() -> None:
    odd = [{**ONE, "prompt": f"p{n}", "weak": n % 3 > 0, "strong": n % 3 == 0, "subject": "odd"} for n in range(60)]
    assert list(oddities(labelled([*GOOD, *odd]))) == [
        "in `odd` the strong model is right on 33 %, the weak one on 67 %: were its answers read well?"
    ]
    assert list(oddities(labelled(GOOD))) == []
