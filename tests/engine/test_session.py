"""Conversations: known again as they go on, and told apart where they are others."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routedsl.engine.request import Message, Request
from routedsl.engine.session import LONGEST, MOST_MESSAGES, conversation_of, opening_of

TEXTS = st.text(st.characters(codec=None), max_size=4)
MESSAGES = st.lists(
    st.builds(
        Message, role=st.sampled_from(["system", "user", "assistant", "tool"]), text=TEXTS, images=st.integers(0, 1)
    ),
    min_size=1,
    max_size=6,
)
USER = Message(role="user", text="hi")


def request(messages: list[Message], **fields: str | None) -> Request:
    return replace(Request(endpoint="chat", model=None, messages=messages), **fields)


@given(MESSAGES, MESSAGES)
def test_a_conversation_that_goes_on_is_known_by_all_that_was_asked_before(
    before: list[Message], more: list[Message]
) -> None:
    known, now = conversation_of(request(before)), conversation_of(request([*before, *more]))
    assert now[len(now) - len(known) :] == known
    assert opening_of([USER, *before]) == opening_of([USER])


@given(MESSAGES, MESSAGES)
def test_other_messages_are_another_conversation(one: list[Message], other: list[Message]) -> None:
    mine, theirs = conversation_of(request([USER, *one])), conversation_of(request([USER, *other]))
    assert (mine[0] == theirs[0]) is (one == other)


def test_before_the_user_has_spoken_there_is_no_conversation() -> None:
    assert conversation_of(request([Message(role="system", text="Be brief.")])) == ()
    assert len(conversation_of(request([Message(role="system", text="Be brief."), USER]))) == 1


def test_a_session_has_its_name_whatever_is_said_and_each_key_its_own() -> None:
    named = conversation_of(request([USER], session="s-1"))
    assert named == conversation_of(request([USER, USER], session="s-1", user="ann"))
    assert named != conversation_of(request([USER], session="s-2"))
    assert named != conversation_of(request([USER], session="s-1", key="team-a"))


def test_nobody_goes_on_with_the_conversation_of_another_user_or_key() -> None:
    owners = [{}, {"user": "ann"}, {"user": "bob"}, {"key": "team-a"}, {"key": "team-a", "user": "ann"}]
    assert len({conversation_of(request([USER], **owner)) for owner in owners}) == len(owners)


def test_of_endless_conversations_so_much_is_looked_at_and_no_more() -> None:
    long = request([replace(USER, text=f"{number}" * LONGEST) for number in range(2 * MOST_MESSAGES)])
    assert len(conversation_of(long)) == MOST_MESSAGES


def test_an_opening_is_what_is_said_up_to_the_users_first_message() -> None:
    assert opening_of([]) == ""
    assert opening_of([Message(role="user", images=1)]) == ""
    talk = [
        Message(role="system", text="Be brief."),
        Message(role="system"),
        USER,
        Message(role="assistant", text="Hi."),
    ]
    assert opening_of(talk) == "Be brief.\nhi"
