"""How `serve` is set: one value, from a TOML file and from flags, by the same names; and the bounds on clients."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from routedsl.records.amounts import age_of, size_of

_RECORDABLE = re.compile(r'user|session|(header|metadata)\["[^"]+"\]')


def _recordable(value: str) -> str:
    if not _RECORDABLE.fullmatch(value):
        raise ValueError('it should be `user`, `session`, `header["NAME"]` or `metadata["NAME"]`')
    return value.lower() if value.startswith("header") else value


class Settings(BaseModel):
    """What an operator may say of a server.

    `host`, `port` and `admin_port` are where it listens (port 0: any free one); the admin port is
    always on loopback. `hosts` are further names by which clients may call it. `keys` is the file of
    the keys that clients must bear; without one, `open` allows a host that others can reach.
    `in_flight` is how many requests run at once (as many more wait for a second), `connections` how
    many clients are connected. `drain` is how many seconds running requests get at shutdown. `state` is
    the folder of what outlives the process: records, for so many seconds (`keep`) and so many bytes
    (`records_size`), and the admin token. `record_values` are facts whose values are recorded and not
    hashed: `user`, `session`, `header["…"]`, `metadata["…"]`. `record_features` has hashes of the words
    of each request recorded, for `routedsl train difficulty --from`. With `gate` a policy is only taken in if its
    tests hold, and by `snapshots` (files of requests, and tables of what is decided on them) if it decides so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    admin_port: int = Field(default=8081, ge=0, le=65535)
    watch: bool = True
    gate: bool = False
    snapshots: tuple[tuple[Path, Path], ...] = ()
    open: bool = False
    hosts: tuple[str, ...] = ()
    keys: Path | None = None
    in_flight: int = Field(default=512, ge=1)
    connections: int = Field(default=4096, ge=1)
    drain: float = Field(default=30, ge=0)
    state: Path | None = None
    keep: Annotated[int, BeforeValidator(age_of), Field(gt=0)] = 30 * 86400
    records_size: Annotated[int, BeforeValidator(size_of), Field(ge=1_000_000)] = 1_000_000_000
    record_features: bool = False
    record_values: tuple[Annotated[str, AfterValidator(_recordable)], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what one client may take. Times are seconds, sizes bytes.

    `headers`: until a connection has sent a request's headers; `keepalive`: between two requests;
    `queue`: for a place in flight; `prompt`: for a body that keeps its place while it comes; `body`:
    for any body, of at most `size`, all that are held together of at most `memory`; `write`: for
    one piece of an answer to be taken; `linger`: for reading on after an answer that came before
    the body's end.
    """

    headers: float = 10
    queue: float = 1
    prompt: float = 1
    body: float = 30
    keepalive: float = 75
    write: float = 60
    linger: float = 5
    size: int = 20 * 2**20
    memory: int = 256 * 2**20


LIMITS = Limits()


class SettingsError(Exception):
    """Settings that mean nothing; the text says which and why."""


def read_settings(file: Path | None, flags: Mapping[str, object]) -> Settings:
    """The file's settings with the flags over them; raises `SettingsError`. A flag that is None was not given."""
    values = {} if file is None else _from_toml(file)
    values |= {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentences(error))) from None


def _from_toml(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"`{file}` cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"`{file}` is no TOML: {error}") from None


def _sentences(error: ValidationError) -> list[str]:
    return [f"setting `{'.'.join(map(str, each['loc']))}`: {each['msg'].lower()}" for each in error.errors()]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
