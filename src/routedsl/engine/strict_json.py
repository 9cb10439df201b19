"""JSON read strictly: what one parser takes and another reads differently is refused.

A decision must be about the request that the upstream will see. Parsers differ where a key is
doubled, where half a surrogate pair is escaped, where a number is NaN: none of that comes in.
To servers written in Go `model` and `Model` are the same key too, and the last one counts.
"""

import json
from collections.abc import Iterable, Mapping

import msgspec

from routedsl.engine.request import RequestError

LARGEST_BODY = 20 * 1024 * 1024
DEEPEST = 64
"""A value may stand inside so many objects and lists."""
MOST = 200_000
"""Values; what is empty counts twice. Millions, which cost their sender two bytes each, take seconds to be made."""


def read_body(body: bytes) -> object:
    """The value of a request's body; raises `RequestError`, also with `body_too_large`."""
    if len(body) > LARGEST_BODY:
        raise RequestError("body_too_large", f"the body is larger than {LARGEST_BODY // 1024**2} MiB")
    value = read_json(body)
    _refuse_twins(value)
    return value


def read_json(text: bytes) -> object:
    """The value of a JSON text; raises `RequestError` with `invalid_json` or `duplicate_key`."""
    if is_crowded(text):
        raise RequestError("invalid_json", f"the body has more than {MOST:,} values")
    try:
        value: object = msgspec.json.decode(text)
        if _nests_too_deep(value):
            raise RecursionError
    except RecursionError:
        raise RequestError("invalid_json", f"the body nests deeper than {DEEPEST} levels") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RequestError("invalid_json", f"the body is not valid JSON: {_reason(error)}") from None
    if not _keys_are_plainly_single(text, value):
        json.loads(text, object_pairs_hook=_single_keys)
    return value


def read_object(text: bytes, most: int = MOST) -> Mapping[str, object] | None:
    """The object that a server wrote, of whom less is asked than of a client; None where it is none."""
    try:
        value: object = None if is_crowded(text, most) else msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_crowded(text: bytes, most: int = MOST) -> bool:
    """Whether a JSON text has more values than that, told without making one."""
    if _most_values(text) <= most:
        return False
    plain = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    if plain.count(b'"') > 4 * most:  # a value has two of them, and its key
        return True
    return _most_values(b"".join(plain.split(b'"')[::2])) > most


def _most_values(text: bytes) -> int:
    """What stands before a value, but for the first: each is the first in something, or follows on another."""
    return 1 + text.count(b",") + text.count(b"[") + text.count(b"{")


def _nests_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if type(inner) is dict or type(inner) is list]
        if not level:
            return False
    return True


def _inside(value: object) -> Iterable[object]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _keys_are_plainly_single(text: bytes, value: object) -> bool:
    """Whether no key is doubled, told without looking at each: a fourth of the time that looking takes.

    Decoding drops all but one of doubled keys, and with each its colon. Whatever colons are left in
    keys and texts are encoded again as they were, unless one was escaped; then nothing is plain.
    """
    return b"\\u003" not in text and text.count(b":") == msgspec.json.encode(value).count(b":")


def _single_keys(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise RequestError("duplicate_key", f"the key `{key}` is doubled in one object", key)
        seen.add(key)


def _refuse_twins(value: object) -> None:
    """Refuse keys that differ by case alone in what is read of a body: in it, in its messages, in their parts.

    An object inside an object, such as what a tool is given, has keys of its author's own.
    """
    level = [value]
    while level:
        objects = [each for each in level if isinstance(each, dict)]
        for fields in objects:
            names = "".join(fields)
            if not (names.isascii() and names.islower()):
                _check_folded(fields)
        level = [inner for fields in objects for each in fields.values() if isinstance(each, list) for inner in each]


def _check_folded(fields: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for key in fields:
        other = seen.setdefault(key.casefold(), key)
        if other != key:
            raise RequestError("duplicate_key", f"`{other}` and `{key}` are the same key to some servers", key)


def _reason(error: Exception) -> str:
    match error:
        case UnicodeDecodeError():
            return "a text in it is not UTF-8"
        case msgspec.ValidationError():
            return "a number is out of range"
        case _ if "truncated" in str(error):
            return "it breaks off, or escapes half a surrogate pair"
        case _:
            return str(error).removeprefix("JSON is malformed: ")
