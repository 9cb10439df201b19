"""`did you mean`: close names, and none where nothing is close or the name is no name."""

import pytest

from routedsl.base.suggest import close_matches, did_you_mean


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("chras", "chars"),
        ("CHARS", "chars"),
        ("message", "messages"),
        ("mediun", "medium"),
        ("zebra", None),
        ("", None),
    ],
)
def test_the_closest_name(name: str, meant: str | None) -> None:
    help_ = did_you_mean(name, ["chars", "messages", "medium", "tiny"])
    assert help_ == (None if meant is None else f"did you mean `{meant}`?")


def test_the_closest_go_first_and_keep_their_case() -> None:
    assert close_matches("gpt-5", ["GPT-4", "GPT-5o", "llama"]) == ["GPT-5o", "GPT-4"]


def test_a_name_as_long_as_a_prompt_is_close_to_nothing() -> None:
    assert close_matches("x" * 1_000_000, ["x" * 1_000_000, "x" * 999_999]) == []
