"""What one chain is run by: a rule's options, in microseconds, with the defaults filled in."""

from msgspec import Struct
from msgspec.structs import replace

from routedsl.base.units import DURATIONS
from routedsl.language.policy import Options

SECOND = DURATIONS["s"]
TIMEOUT = 60 * SECOND
STREAM_TIMEOUT = 15 * SECOND
FIRST_TOKEN = 10 * SECOND
IDLE = 20 * SECOND
DEADLINE = 120 * SECOND
STREAM_DEADLINE = 600 * SECOND
STARTING = 60 * SECOND
"""What a model has at least that its server has to load first."""


class Terms(Struct, frozen=True, kw_only=True):
    """A route's options with the defaults filled in: what one chain is run by."""

    timeout: int
    first_token: int
    idle: int
    deadline: int
    retry: int
    fallback_on: tuple[str, ...] = ()
    hedge: int | None = None


def terms_of(options: Options, *, stream: bool) -> Terms:
    """The terms of a request; a stream has defaults of its own."""
    first_token = min(FIRST_TOKEN, _given(options.timeout, FIRST_TOKEN))
    return Terms(
        timeout=_given(options.timeout, STREAM_TIMEOUT if stream else TIMEOUT),
        first_token=_given(options.first_token, first_token),
        idle=_given(options.idle, IDLE),
        deadline=_given(options.deadline, STREAM_DEADLINE if stream else DEADLINE),
        retry=options.retry,
        fallback_on=options.fallback_on,
        hedge=options.hedge,
    )


def begins_within(terms: Terms, *, stream: bool) -> tuple[str, int]:
    """The clock by which the headers of an answer must be there, and its time: no token comes before them."""
    if stream and terms.first_token < terms.timeout:
        return "first_token", terms.first_token
    return "timeout", terms.timeout


def patient(terms: Terms) -> Terms:
    """The terms of a call of a model that may have to be loaded first, which no written clock cuts short."""
    return replace(terms, timeout=max(terms.timeout, STARTING), first_token=max(terms.first_token, STARTING))


def _given(duration: int | None, default: int) -> int:
    return default if duration is None else duration
