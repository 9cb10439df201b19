"""Secrets do not show, and do not travel."""

import copy
import pickle

import pytest

from routedsl.gateway.secret import Secret, redacted


def test_it_does_not_print() -> None:
    secret = Secret("sk-canary")
    assert secret.reveal() == "sk-canary"
    for shown in (repr(secret), str(secret), f"{secret}", f"{[secret]}", "%s" % secret):  # noqa: UP031  # this way too
        assert "canary" not in shown


def test_it_does_not_travel() -> None:
    for carry in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not copied or stored"):
            carry(Secret("sk-canary"))


def test_it_is_compared_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_what_is_hidden_is_taken_out_longest_first() -> None:
    assert redacted(b"at http://h:1/v1, h:1", ["h:1", "http://h:1/v1", ""]) == b"at [redacted], [redacted]"
