"""The join of the three books tells each way in which they can differ."""

import pytest

from routedsl.records.record import Attempt
from tests.ledger.books import Call, Heard, differences, said
from tests.records.samples import a_record

HEARD = Heard("r0", 200, True, "large", said("large", "r0"))
TRIED = (Attempt(model="tiny", outcome="status_500"), Attempt(model="large", outcome="ok", stale=1))
RECORD = a_record(0, attempts=TRIED)
CALLS = (Call("r0", "large", 2.0), Call("r0", "tiny", 1.0))


def test_books_that_agree() -> None:
    assert not list(differences([HEARD], [RECORD], CALLS))
    assert not list(differences([HEARD], [RECORD], [*CALLS, Call("r0", "large", 3.0)])), "sent again after a dead one"


@pytest.mark.parametrize(
    ("heard", "records", "calls", "told"),
    [
        ([HEARD], [], CALLS, "r0 is not recorded"),
        ([HEARD], [RECORD, RECORD], CALLS, "r0 is recorded 2 times"),
        ([HEARD, HEARD], [RECORD], CALLS, "r0 is heard twice"),
        ([], [RECORD], CALLS, "nobody asked"),
        ([HEARD], [RECORD], CALLS[:1], "the upstream has ['large']"),
        ([HEARD], [RECORD], [*CALLS, Call("r0", "tiny", 1.5)], "the upstream has ['tiny', 'tiny', 'large']"),
        ([HEARD], [RECORD], [*CALLS, Call("r1", "tiny", 1.5)], "r1 is called for"),
        ([HEARD._replace(status=503)], [RECORD], CALLS, "the client has (503,"),
        ([HEARD._replace(whole=False)], [RECORD], CALLS, "the client has (200, False"),
        ([HEARD._replace(model="tiny")], [RECORD], CALLS, "the client has (200, True, 'tiny')"),
        ([HEARD._replace(text=said("large", "r1"))], [RECORD], CALLS, "not its own"),
        ([HEARD], [a_record(0, attempts=TRIED[:1])], CALLS[1:], "its attempts say []"),
    ],
)
def test_what_differs_is_told(heard: list[Heard], records: list, calls: list[Call], told: str) -> None:  # type: ignore[type-arg]
    assert any(told in words for words in differences(heard, records, calls))
