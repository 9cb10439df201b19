"""Keys of clients: the file, who is let in, what each may ask for, and that no credential goes on."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp import ClientSession
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from routedsl.gateway.keyfile import KeyEntry, KeyFileError, add_key, digest, make_key, read_keys
from routedsl.gateway.keys import Keys
from routedsl.gateway.serve import StartError
from routedsl.gateway.settings import Limits
from routedsl.tools.commands.key import command
from tests.gateway.harness import Served, exchange, got, serving

HI = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
COMPLETIONS = "/v1/chat/completions"
GOOD_BLOCK = f'[[key]]\nname = "a"\nid = "1"\nhash = "{digest("rk_1_x")}"\n'
BY_KEY = 'route auto { when key == "gold" -> large as gold\n else tiny as rest }\nroute "gpt-*" { else medium }\n'


def new(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["new", *arguments, "--file", str(folder / "keys.toml")])


def keys_for(folder: Path, **models: tuple[str, ...] | None) -> dict[str, str]:
    """A new keys file, and the key of each name."""
    made = {}
    for name, may in models.items():
        made[name], entry = make_key(name, may, None)
        add_key(folder / "keys.toml", entry)
    return made


# ── the file ────────────────────────────────────────────────────────────────────────────────────


def test_a_new_key_is_printed_alone_and_the_file_has_its_hash(tmp_path: Path) -> None:
    first = new(tmp_path, "team-a", "--models", "auto, gpt-*", "--slots", "8")
    second = new(tmp_path, "team-b")
    assert (first.exit_code, second.exit_code) == (0, 0)
    key = first.stdout.strip()
    assert re.fullmatch(r"rk_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", key)
    assert "shown this once" in first.stderr
    file = tmp_path / "keys.toml"
    text = file.read_text(encoding="utf-8")
    assert key.split("_", 2)[2] not in text
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["keys.toml"]
    a, b = read_keys(file)
    assert a == KeyEntry(name="team-a", id=key.split("_")[1], hash=digest(key), models=("auto", "gpt-*"), slots=8)
    assert (b.name, b.models, b.slots) == ("team-b", None, None)
    assert set(tomllib.loads(text)["key"][1]) == {"name", "id", "hash"}


def test_what_a_person_wrote_in_the_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(f"# ours\n{GOOD_BLOCK}", encoding="utf-8")
    assert new(tmp_path, "b").exit_code == 0
    assert file.read_text(encoding="utf-8").startswith(f"# ours\n{GOOD_BLOCK}\n[[key]]\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("a",), "has a key of `a` already"),
        (("",), "`name`"),
        (("a b",), "`name`"),
        (("ü",), "`name`"),
        (("a\x1b",), "`name`"),
        (("b", "--models", ""), "`models`"),
        (("b", "--models", 'a"b'), "`models`"),
        (("b", "--slots", "0"), "--slots"),
    ],
)
def test_a_key_that_no_file_may_hold_is_not_made(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(GOOD_BLOCK, encoding="utf-8")
    result = new(tmp_path, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert file.read_text(encoding="utf-8") == GOOD_BLOCK


def test_two_who_write_at_once_do_not_undo_each_other(tmp_path: Path) -> None:
    (tmp_path / "keys.toml.new").touch()
    result = new(tmp_path, "a")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "in the way" in result.stderr
    assert not (tmp_path / "keys.toml").exists()


def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "keys.toml")
    result = new(tmp_path, "a")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is no file" in result.stderr
    assert (tmp_path / "keys.toml").is_fifo()


def test_a_file_by_another_name_is_written_where_it_is(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.mkdir()
    (real / "real.toml").write_text(GOOD_BLOCK, encoding="utf-8")
    (tmp_path / "keys.toml").symlink_to(real / "real.toml")
    assert new(tmp_path, "b").exit_code == 0
    assert (tmp_path / "keys.toml").is_symlink()
    assert len(read_keys(real / "real.toml")) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot be read: no such file"),
        (b"\xff", "is no text"),
        (b"", "has no key; make one: `routedsl key new NAME"),
        (b"# nobody\n", "has no key"),
        (b"[[key]]\nname =\n", "is no TOML: Invalid value (at line 2"),
        (b"keys = 1\n", "line 1: object contains unknown field `keys`"),
        (GOOD_BLOCK.encode() + b"\n[[key]]\nname = 'b'\n", "line 6: object missing required field `id`"),
        (GOOD_BLOCK.encode() + b"slots = 0\n", "line 5: `slots`: expected `int` >= 1"),
        (GOOD_BLOCK.encode() + b"models = []\n", "line 5: `models`: expected `array` of length >= 1"),
        (GOOD_BLOCK.encode() + b"rate = 9\n", "line 1: object contains unknown field `rate`"),
        (GOOD_BLOCK.replace('hash = "', 'hash = "x').encode(), "line 4: `hash`: a hash is the 64"),
        ((GOOD_BLOCK + GOOD_BLOCK.replace('"1"', '"2"')).encode(), "line 6: another key has the name `a`"),
        ((GOOD_BLOCK + GOOD_BLOCK.replace('"a"', '"b"')).encode(), "line 7: another key has the id `1`"),
    ],
)
async def test_a_file_that_cannot_be_used_keeps_the_gateway_from_starting(
    tmp_path: Path, text: bytes | None, told: str
) -> None:
    file = tmp_path / "keys.toml"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(StartError) as raised:
        async with serving(tmp_path, keys=file):
            pass
    assert told in str(raised.value)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


@given(st.text(max_size=300))
def test_no_text_but_the_key_itself_finds_its_holder(text: str) -> None:
    key, entry = make_key("a", None, None)
    keys = Keys([entry])
    holder = keys.holder(key)
    assert holder is not None
    assert holder.name == "a"
    assert keys.holder(text) is None
    assert keys.holder(key + text) is None or not text
    assert keys.holder(key.swapcase()) is None
    assert keys.holder(f"rk_{entry.id}_{text}") is None


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read: is a directory"):
        read_keys(tmp_path)


# ── who is let in ───────────────────────────────────────────────────────────────────────────────


def bearing(served: Served, headers: Mapping[str, str] | list[tuple[str, str]]) -> ClientSession:
    return ClientSession(served.url, headers=headers)


def test_a_name_is_one_line(tmp_path: Path) -> None:
    made = new(tmp_path, "team-a\n")
    assert (made.exit_code, (tmp_path / "keys.toml").exists()) == (2, False)


def test_a_file_without_end_is_not_read_to_it() -> None:
    with pytest.raises(KeyFileError, match="`/dev/zero` is larger than 4 MiB"):
        read_keys(Path("/dev/zero"))


async def test_either_header_takes_the_key_and_rules_see_its_name(tmp_path: Path) -> None:
    key = keys_for(tmp_path, gold=None, other=None)
    async with serving(tmp_path, BY_KEY, keys=tmp_path / "keys.toml") as served:
        for headers, rule in [
            ({"authorization": f"Bearer {key['gold']}"}, "gold"),
            ({"authorization": f"bearer  {key['gold']}"}, "gold"),
            ({"x-api-key": key["gold"]}, "gold"),
            ({"x-api-key": key["other"]}, "rest"),
            ({"authorization": f"Bearer {key['gold']}", "x-api-key": key["gold"]}, "gold"),
        ]:
            async with bearing(served, headers) as http:
                answer = await got(http.post(COMPLETIONS, json=HI))
                assert (answer.status, answer.headers["x-route-rule"]) == (200, rule)
        for seen in served.upstream.seen:
            assert "x-api-key" not in {name.lower() for name in seen.headers}
            assert not any(secret in value for value in seen.headers.values() for secret in key.values())


async def test_a_credential_is_no_fact(tmp_path: Path) -> None:
    key = keys_for(tmp_path, gold=None)
    hidden = 'header["authorization"] is missing and header["x-api-key"] is missing'
    headers = {"authorization": f"Bearer {key['gold']}", "x-api-key": key["gold"]}
    for keys, rule in ((tmp_path / "keys.toml", "hidden"), (None, "seen")):
        async with (
            serving(tmp_path, f"when {hidden} -> tiny as hidden\nelse large as seen\n", keys=keys) as served,
            bearing(served, headers) as http,
        ):
            answer = await got(http.post(COMPLETIONS, json=HI))
            assert answer.headers["x-route-rule"] == rule
            assert not any(key["gold"] in value for value in served.upstream.seen[0].headers.values())


async def test_nobody_else_is_let_in_and_all_are_told_the_same(tmp_path: Path) -> None:
    key = keys_for(tmp_path, gold=None, other=None)
    wrong: list[list[tuple[str, str]]] = [
        [],
        [("authorization", "")],
        [("authorization", "Bearer")],
        [("authorization", key["gold"])],
        [("authorization", f"Basic {key['gold']}")],
        [("authorization", f"Bearer {key['gold']}x")],
        [("authorization", f"Bearer {key['gold']}"), ("x-api-key", key["other"])],
        [("authorization", f"Bearer {key['gold']}"), ("x-api-key", "")],
        [("authorization", f"Bearer {key['gold']}"), ("authorization", f"Bearer {key['other']}")],
        [("x-api-key", f"{key['gold']}, {key['gold']}")],
        [("x-api-key", "rk_00000000_x")],
        [("x-api-key", "é' or 1=1 --")],
        [("cookie", f"key={key['gold']}")],
    ]
    told = set()
    async with serving(tmp_path, BY_KEY, keys=tmp_path / "keys.toml") as served:
        for headers in wrong:
            async with bearing(served, headers) as http:
                answer = await got(http.post(COMPLETIONS, json=HI))
                assert (answer.status, answer.code) == (401, "invalid_api_key"), headers
                assert answer.headers["www-authenticate"] == "Bearer"
                assert answer.headers["x-request-id"]
                told.add(answer.body)
        async with ClientSession(served.url) as http:
            for path in ("/v1/models", "/v1/models/tiny", "/nowhere", "/healthz/../v1/models", "/%68ealthz/"):
                assert (await got(http.get(path))).status == 401
            for method, path in (("GET", "/healthz"), ("GET", "/readyz"), ("HEAD", "/")):
                assert (await got(http.request(method, path))).status == 200
            assert (await got(http.get(f"/v1/models?key={key['gold']}"))).status == 401
        assert not served.upstream.seen
    assert len(told) == 1


async def test_a_stranger_is_told_before_the_body_is_sent(tmp_path: Path) -> None:
    keys_for(tmp_path, gold=None)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: any.example\r\nContent-Type: application/json\r\n"
    async with serving(tmp_path, keys=tmp_path / "keys.toml", limits=Limits(linger=0.1)) as served:
        answer = await exchange(
            served, head + b"Connection: close\r\nContent-Length: 99999\r\nExpect: 100-continue\r\n\r\n"
        )
    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_with_keys_any_name_and_any_address_will_do(tmp_path: Path) -> None:
    keys_for(tmp_path, gold=None)
    async with serving(tmp_path, keys=tmp_path / "keys.toml", host="0.0.0.0") as served:
        ask = b"GET /healthz HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n\r\n"
        assert (await exchange(served, ask)).startswith(b"HTTP/1.1 200 ")
        ask = ask.replace(b"/healthz", b"/v1/models")
        assert (await exchange(served, ask)).startswith(b"HTTP/1.1 401 ")


# ── what each may ask for ───────────────────────────────────────────────────────────────────────


async def test_a_key_asks_for_its_models_and_knows_of_no_others(tmp_path: Path) -> None:
    key = keys_for(tmp_path, some=("auto", "tiny", "gpt-4*"), all=None)
    async with serving(tmp_path, BY_KEY, keys=tmp_path / "keys.toml") as served:
        async with bearing(served, {"x-api-key": key["some"]}) as http:
            for model, status in {
                "auto": 200,
                "tiny": 200,
                "gpt-4o": 200,
                "gpt-5": 404,
                "large": 404,
                "lrge": 404,
            }.items():
                answer = await got(http.post(COMPLETIONS, json={**HI, "model": model}))
                assert (model, answer.status) == (model, status)
                assert (await got(http.get(f"/v1/models/{model}"))).status == status
                if status == 404:
                    assert answer.code == "model_not_found"
                    assert "large" not in answer.json["error"]["message"].replace(f"`{model}`", "")
            listed = await got(http.get("/v1/models"))
            assert [model["id"] for model in listed.json["data"]] == ["auto", "tiny"]
            near = await got(http.post(COMPLETIONS, json={**HI, "model": "tinny"}))
            assert "did you mean `tiny`" in near.json["error"]["message"]
        async with bearing(served, {"x-api-key": key["all"]}) as http:
            assert (await got(http.post(COMPLETIONS, json={**HI, "model": "large"}))).status == 200
            listed = await got(http.get("/v1/models"))
            assert [model["id"] for model in listed.json["data"]] == ["auto", "tiny", "medium", "large"]


async def test_a_request_without_a_model_asks_for_auto(tmp_path: Path) -> None:
    key = keys_for(tmp_path, some=("tiny",))
    async with (
        serving(tmp_path, BY_KEY, keys=tmp_path / "keys.toml") as served,
        bearing(served, {"x-api-key": key["some"]}) as http,
    ):
        answer = await got(http.post(COMPLETIONS, json={"messages": HI["messages"]}))
        assert (answer.status, answer.code) == (404, "model_not_found")
