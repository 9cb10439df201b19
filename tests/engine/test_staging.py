"""The request that a test tells of has what the test states, by itself and not by pins alone."""

import pytest

from routedsl.base.source import Source
from routedsl.base.types import Value
from routedsl.discover import builtin
from routedsl.engine.case import Case
from routedsl.engine.compile import compile_policy
from routedsl.engine.facts import NOTHING_PINNED
from routedsl.engine.program import Program
from routedsl.engine.staging import staged
from routedsl.engine.verdict import judge
from routedsl.language.parse import parse


def program_of(text: str) -> Program:
    file, found = parse(Source("p.route", text))
    program, more = compile_policy([file], builtin())
    assert program is not None, [*found, *more]
    return program


def told(stated: str, rules: str = "else tiny", expected: str = "expect tiny") -> tuple[Program, Case]:
    program = program_of(f'{rules}\ntest "t" {{ {stated} {expected} }}')
    return program, staged(program.policy.tests[0])


def read(stated: str, fact: str) -> Value:
    """A fact of the request alone, nothing pinned."""
    program, case = told(stated)
    return program.facts(case.request, case.world, NOTHING_PINNED).ask(fact)


@pytest.mark.parametrize(
    ("stated", "value"),
    [
        ("messages 1", 1),
        ("messages 7", 7),
        ("turns 3", 3),
        ("turns 0", 0),
        ("chars 0", 0),
        ("chars 1234", 1234),
        ("words 12", 12),
        ("last_chars 31", 31),
        ("system_chars 9", 9),
        ("tools 3", 3),
        ("tool_calls 2", 2),
        ("images 2", 2),
        ("audio 1", 1),
        ("files 4", 4),
        ("max_tokens 100", 100),
        ("stream true", True),
        ("json true", True),
        ("temperature 0.5", 0.5),
        ('last "fix this"', "fix this"),
        ('text "fix this"', "fix this"),
        ('system "Be brief."', "Be brief."),
        ('user "ann"', "ann"),
        ('session "s"', "s"),
        ('effort "low"', "low"),
        ('key "team-a"', "team-a"),
        ('model "gpt-4o"', "gpt-4o"),
        ('endpoint "messages"', "messages"),
    ],
)
def test_the_request_is_as_stated(stated: str, value: Value) -> None:
    fact = stated.rpartition(" ")[0] if '"' not in stated else stated.partition(' "')[0]
    assert read(stated, fact) == value


def test_headers_and_metadata_are_as_stated() -> None:
    _, case = told('header["X-Tier"] "gold"  header["x-none"] missing  metadata["team"] "search"')
    assert case.request.headers == {"x-tier": "gold"}
    assert case.request.metadata == {"team": "search"}


def test_what_is_left_open_fits_what_is_stated() -> None:
    assert [read("", fact) for fact in ("messages", "turns", "text", "chars", "words", "tools")] == [
        1,
        1,
        "hello",
        5,
        1,
        0,
    ]
    assert read('system "Be brief."', "messages") == 2
    assert read("chars 100  system_chars 40", "last_chars") == 60
    assert read("turns 4", "messages") == 4
    assert read('last "one two"', "words") == 2
    tokens = read("tokens 2k", "tokens")
    assert isinstance(tokens, int)
    assert abs(tokens - 2000) <= 2
    assert read('header["x-session-id"] "s"', "session") == "s"


def test_what_is_stated_of_the_world_is_so() -> None:
    program, case = told('time 23:30 weekday "sat" draw 5% tiny.up false tiny.latency 2s sticky tiny sticky_age 5m')
    facts = program.facts(case.request, case.world, case.pinned)
    assert [facts.ask(fact) for fact in ("time", "weekday", "draw")] == [23 * 60 + 30, "sat", 50_000]
    assert case.world.model("tiny").up is False
    assert case.world.model("tiny").latency == 2_000_000
    assert (case.world.sticky, case.world.sticky_age) == ("tiny", 300_000_000)


def test_a_request_that_is_too_long_to_be_made_is_as_stated_all_the_same() -> None:
    program, case = told("messages 1M  chars 900M  tools 50k", "when chars < 800M -> large else tiny")
    assert judge(program.policy.tests[0], case, program).passed
    assert len(case.request.messages) <= 10_000


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("expect tiny", None),
        ("expect large", "tiny"),
        ("expect rule quick", None),
        ("expect rule auto:2", "rule quick"),
        ("expect route auto", None),
        ("expect route other", "route auto"),
        ("expect chain [tiny, large]", None),
        ("expect chain [tiny]", "chain [tiny, large]"),
        ("expect timeout 10s", None),
        ("expect timeout 12s", "timeout 10s"),
        ("expect hedge 12s", "no hedge"),
        ("expect retry 2", "retry 1"),
        ("expect reject 403", "tiny"),
    ],
)
def test_a_miss_says_what_is_instead(expected: str, got: str | None) -> None:
    rules = "when chars < 9 -> tiny as quick else large fallback [large] timeout 10s route other { else tiny }"
    program, case = told("chars 5", rules, expected)
    assert [miss.got for miss in judge(program.policy.tests[0], case, program).misses] == ([] if got is None else [got])


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("expect reject 403", None),
        ('expect reject 403 "no"', None),
        ('expect reject 403 "never"', 'reject 403 "no"'),
        ("expect reject 404", 'reject 403 "no"'),
        ("expect tiny", 'reject 403 "no"'),
        ("expect chain []", 'reject 403 "no"'),
    ],
)
def test_a_refusal_is_expected_by_its_status(expected: str, got: str | None) -> None:
    program, case = told("", 'when chars > 900 -> tiny else reject 403 "no"', expected)
    assert [miss.got for miss in judge(program.policy.tests[0], case, program).misses] == ([] if got is None else [got])


def test_facts_that_are_left_open_are_told() -> None:
    program, case = told("chars 5", "when chars < 9 and tools > 0 -> large else tiny")
    assert judge(program.policy.tests[0], case, program).open == {"tools": 0}
