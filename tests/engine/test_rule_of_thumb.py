"""The difficulty by rule of thumb: what each part sees and is worth, and what holds for any request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.features import EDITION, ENDINGS, LEVELS, SIZE, WORDS, features_of
from routedsl.engine.request import Message, Request
from routedsl.engine.rule_of_thumb import HIGHEST, MIDDLE, PARTS, points_of, rule_of_thumb
from routedsl.engine.wording import LONGEST, Wording, wording_of

CODE = "```python\ndef f(x):\n    return {'a': [x], 'b': (x,)}\n```"


def request_of(*said: str | Message, tools: int = 0) -> Request:
    messages = tuple(Message(role="user", text=each) if isinstance(each, str) else each for each in said)
    return Request(endpoint="chat", model=None, messages=messages, tools=("{}",) * tools)


def seen(request: Request) -> dict[str, int]:
    """The parts that see anything, and their points."""
    points = zip(PARTS, points_of(wording_of(request)), strict=True)
    return {name: number for name, number in points if number}


def difficulty(request: Request) -> int:
    return rule_of_thumb(points_of(wording_of(request)))


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("Draw a cat.", {}),
        ("asdf qwer", {}),
        ("Erzähl mir etwas von Katzen.", {}),
        ("hello", {"greeting": -35}),
        ("Hi there, thanks!", {"greeting": -35}),
        ("Hello, draw a cat", {}),
        ("What is the capital of France?", {"fact": -12}),
        ("What is 7 x 8?", {"mathematics": 4}),
        ("Translate this sentence.", {"rewording": -10}),
        ("Does it translate well", {}),
        ("x " * 100, {}),
        ("x " * 200, {"length": 4}),
        ("x " * 20_000, {"length": 12}),
        (CODE, {"code": 9}),
        ("calculate 3 * 4 = 12", {"mathematics": 11}),
        ("Prove it. Prove it! Why?", {"reasoning": 12}),
        ("It must be exactly one word, not two.", {"constraints": 6}),
        ("Suppose that it rains, would it?", {"conditions": 4}),
        ("First that? Next this? Finally the other?", {"steps": 8}),
        ("Tell her that his dog ran", {"people": 2}),
        ("расскажи сказку про лису", {"script": 6}),
        ("写一首诗", {"script": 6}),
    ],
)
def test_a_part_sees_what_it_is_for(said: str, parts: dict[str, int]) -> None:
    assert seen(request_of(said)) == parts
    assert difficulty(request_of(said)) == MIDDLE + sum(parts.values())


def test_what_stands_around_the_last_message_and_tools_count() -> None:
    around = Message(role="assistant", text="x" * 4000)
    assert seen(request_of(around, "Draw a cat.", tools=3)) == {"context": 6, "tools": 4}


def test_a_plain_question_within_a_conversation_is_not_known_to_be_plain() -> None:
    assert seen(request_of(Message(role="system", text="Be brief."), "What is that?")) == {}


def test_who_says_nothing_is_in_the_middle() -> None:
    for request in (request_of(), request_of(""), request_of(Message(role="system", text="Prove it."))):
        assert difficulty(request) == MIDDLE


def test_repeating_a_word_adds_nothing() -> None:
    assert difficulty(request_of("prove " * 5)) == difficulty(request_of("prove"))


MESSAGES = st.builds(Message, role=st.sampled_from(["system", "user", "assistant", "tool"]), text=st.text())
WRITTEN = st.lists(st.sampled_from(["prove", "must", "if", "3", "=", "{", "?", "\n", "she", "```", "ab", "é"]))
REQUESTS = st.builds(
    Request,
    endpoint=st.just("chat"),
    model=st.none(),
    messages=st.lists(MESSAGES | WRITTEN.map(lambda words: Message(role="user", text=" ".join(words))), max_size=4),
    tools=st.lists(st.just("{}"), max_size=200),
)


@given(REQUESTS)
def test_any_request_has_a_difficulty_and_each_part_stays_within_its_bounds(request: Request) -> None:
    points = points_of(wording_of(request))
    assert 0 <= rule_of_thumb(points) <= HIGHEST
    for number, part in zip(points, PARTS.values(), strict=True):
        assert part.least <= number <= part.most


@given(st.text(), st.text(min_size=1))
def test_of_a_long_text_the_start_and_the_end_are_read(start: str, end: str) -> None:
    text = start + "x " * LONGEST + end
    wording = wording_of(request_of(text))
    assert wording.chars == len(text)
    assert len(wording.distinct) <= wording.words <= LONGEST + 1
    half = LONGEST // 2
    assert wording.distinct == wording_of(request_of(f"{text[:half]}\n{text[-half:]}")).distinct


def test_half_a_surrogate_pair_is_read() -> None:
    assert isinstance(wording_of(request_of("\ud83d")), Wording)


def test_the_features_of_a_text_are_those_that_weights_were_learned_for() -> None:
    """Where this fails, raise `EDITION` in `engine.features`, so that no file of older weights is used."""
    texts = ("Prove that 3 < 4, she said: 写!", CODE, "hello", "What must not be? " * 300)
    found = [features_of(wording, points_of(wording)) for wording in map(wording_of, map(request_of, texts))]
    sums = [[sum(group.indices) for group in features] for features in found]
    assert EDITION == 1
    assert sums == [
        [431321, 807571, 1898749],
        [379335, 933695, 1898745],
        [42630, 131892, 1898701],
        [235505, 669992, 1898760],
    ]


def test_the_indices_of_all_features_have_a_weight() -> None:
    lowest, highest = [part.least for part in PARTS.values()], [part.most for part in PARTS.values()]
    for points in (lowest, highest):
        parts = features_of(wording_of(request_of("")), points).parts.indices
        assert len(set(parts)) == len(PARTS)
        assert all(
            WORDS + ENDINGS + LEVELS * place <= index < WORDS + ENDINGS + LEVELS * (place + 1)
            for place, index in enumerate(parts)
        )
    assert WORDS + ENDINGS + LEVELS * len(PARTS) == SIZE
