"""Ages and sizes as operators write them: `30d`, `2GB`."""

import re
from collections.abc import Mapping

_AGES = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"MB": 10**6, "GB": 10**9}


def age_of(written: object) -> int:
    """The seconds of `90m`, `12h`, `30d`; raises ValueError, which says what was wanted."""
    return _amount(written, _AGES, "a time such as `30d` or `12h`")


def size_of(written: object) -> int:
    """The bytes of `500MB`, `2GB`; raises ValueError, which says what was wanted."""
    return _amount(written, _SIZES, "a size such as `500MB` or `2GB`")


def _amount(written: object, units: Mapping[str, int], wanted: str) -> int:
    found = re.fullmatch(rf"(\d{{1,9}})({'|'.join(units)})", str(written))
    if found is None:
        raise ValueError(f"`{written}` is not {wanted}")
    return int(found[1]) * units[found[2]]
