"""Hot reload from real files: each way in which files change is taken in, and half a change never is."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from routedsl.gateway.files import fingerprint, hops
from routedsl.gateway.host import PolicyHost, Verdict
from routedsl.gateway.watch import Watcher
from routedsl.loading.policy import Loading, load_policy
from tests.gateway.harness import CATALOG, PATIENCE

NEVER = 3600.0


def policy(name: str) -> str:
    return f'upstream u {{ url "http://127.0.0.1:1/v1" }}\nmodel m {{ upstream u }}\nelse m as "{name}"\n'


class Desk:
    """A watched policy, and what became of each reading of it."""

    def __init__(self, root: Path, every: float) -> None:
        self.root = root
        self.host = PolicyHost(lambda policy: (policy, ()))
        self.loads = 0
        self.meanwhile: list[Callable[[], None]] = []
        self.watcher = Watcher(root, self.host, self._load, every=every)
        self._verdicts: asyncio.Queue[Verdict] = asyncio.Queue()
        self.host.listeners.append(lambda verdict, _: self._verdicts.put_nowait(verdict))

    @property
    def serving(self) -> str:
        """The name of the rule that serves."""
        return self.host.generation.program.policy.rules[0].name

    async def now_serves(self, name: str) -> None:
        """Wait until the policy of that name is in."""
        async with asyncio.timeout(PATIENCE):
            while not self.host.ready or self.serving != name:
                await self._verdicts.get()

    async def refuses(self) -> None:
        """Wait until a policy is turned away."""
        async with asyncio.timeout(PATIENCE):
            while await self._verdicts.get() is not Verdict.REFUSED:
                pass

    async def _load(self) -> Loading:
        self.loads += 1
        loading = await asyncio.to_thread(load_policy, self.root, CATALOG)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return loading


@asynccontextmanager
async def watching(root: Path, every: float = NEVER) -> AsyncIterator[Desk]:
    """Watch a policy that is there; without a limit, only events can tell of changes."""
    desk = Desk(root, every)
    task = asyncio.create_task(desk.watcher.run())
    await desk.now_serves("one")
    yield desk
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def write(file: Path, name: str) -> None:
    file.write_text(policy(name), encoding="utf-8")


def folder_of(tmp_path: Path, name: str = "one") -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    write(folder / "a.route", name)
    return folder


# ── how files change ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("whole_folder", [True, False])
async def test_truncate_and_write(tmp_path: Path, whole_folder: bool) -> None:
    folder = folder_of(tmp_path)
    async with watching(folder if whole_folder else folder / "a.route") as desk:
        write(folder / "a.route", "two")
        await desk.now_serves("two")


@pytest.mark.parametrize("whole_folder", [True, False])
async def test_rename_over_again_and_again(tmp_path: Path, whole_folder: bool) -> None:
    folder = folder_of(tmp_path)
    async with watching(folder if whole_folder else folder / "a.route") as desk:
        for name in ("two", "three", "four"):
            write(folder / "a.route.swp", name)
            (folder / "a.route.swp").replace(folder / "a.route")
            await desk.now_serves(name)


async def test_the_data_swap_of_kubernetes(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    for name in ("one", "two"):
        (mount / f"..{name}").mkdir()
        write(mount / f"..{name}" / "a.route", name)
    (mount / "..data").symlink_to("..one")
    (mount / "a.route").symlink_to("..data/a.route")
    async with watching(mount) as desk:
        (mount / "..data_tmp").symlink_to("..two")
        (mount / "..data_tmp").replace(mount / "..data")
        shutil.rmtree(mount / "..one")
        await desk.now_serves("two")


async def test_a_link_that_is_pointed_elsewhere(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / "work" / name / "rules").mkdir(parents=True)
        write(tmp_path / "work" / name / "rules" / "a.route", name)
    link = tmp_path / "links" / "current"
    link.parent.mkdir()
    link.symlink_to("../work/one")
    async with watching(link / "rules") as desk:
        for name in ("two", "three"):
            (link.parent / "next").symlink_to(f"../work/{name}")
            (link.parent / "next").replace(link)
            await desk.now_serves(name)
        write(tmp_path / "work" / "three" / "rules" / "a.route", "four")
        await desk.now_serves("four")


async def test_a_folder_that_is_removed_and_made_again(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    async with watching(folder) as desk:
        shutil.rmtree(folder)
        await desk.refuses()
        assert desk.serving == "one"
        folder_of(tmp_path, "two")
        await desk.now_serves("two")
        write(folder / "a.route", "three")
        await desk.now_serves("three")


async def test_a_checkout_of_many_files_is_one_or_two_loads(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    async with watching(folder) as desk:
        before = desk.loads
        for index in range(100):
            (folder / f"m{index}.route").write_text(f"model x{index} {{ upstream u }}\n", encoding="utf-8")
        write(folder / "a.route", "two")
        await desk.now_serves("two")
        assert len(desk.host.generation.policy.models) == 101
        assert desk.loads - before <= 4


async def test_a_file_that_comes_and_goes(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    async with watching(folder) as desk:
        write(folder / "b.route", "two")
        (folder / "a.route").unlink()
        await desk.now_serves("two")
        (folder / "b.route").rename(folder / "c.route")
        (folder / "d.route").write_text('import "c.route"\n', encoding="utf-8")
        write(folder / "c.route", "three")
        await desk.now_serves("three")


async def test_an_imported_file_is_watched_and_so_is_one_that_is_missing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "more").mkdir()
    async with watching(folder) as desk:
        (folder / "a.route").write_text(policy("two") + 'import "more/models.route"\n', encoding="utf-8")
        await desk.refuses()
        (folder / "more" / "models.route").write_text("model x { upstream u }\n", encoding="utf-8")
        await desk.now_serves("two")
        (folder / "more" / "models.route").write_text("else m\n", encoding="utf-8")
        await desk.refuses()


# ── what serves on ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "spoil", [Path.unlink, partial(Path.write_text, data=""), partial(Path.write_bytes, data=b"\xff")]
)
async def test_an_empty_vanished_or_spoilt_file_is_no_policy(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    folder = folder_of(tmp_path)
    async with watching(folder) as desk:
        spoil(folder / "a.route")
        await desk.refuses()
        assert desk.serving == "one"
        assert desk.host.generation.number == 1
        write(folder / "a.route", "two")
        await desk.now_serves("two")
        assert desk.host.refusal is None


async def test_without_events_the_regular_look_finds_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("routedsl.gateway.watch.awatch", _broken_events)
    folder = folder_of(tmp_path)
    async with watching(folder, every=0.05) as desk:
        status = (folder / "a.route").stat()
        write(folder / "a.route", "two")
        os.utime(folder / "a.route", ns=(status.st_atime_ns, status.st_mtime_ns))
        await desk.now_serves("two")


def _broken_events(*_paths: Path, **_options: object) -> object:
    raise OSError("no more watches")


async def test_the_same_bytes_do_nothing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    desk = Desk(folder, NEVER)
    await desk.watcher.look()
    first, loads = desk.host.generation, desk.loads
    write(folder / "a.route", "one")
    await desk.watcher.look()
    assert desk.host.generation is first
    assert desk.loads == loads


async def test_files_in_motion_are_read_when_they_rest(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    desk = Desk(folder, NEVER)
    await desk.watcher.look()
    seen: list[Verdict] = []
    desk.host.listeners.append(lambda verdict, _: seen.append(verdict))
    text = policy("two")
    with (folder / "a.route").open("w", encoding="utf-8") as file:
        looking = asyncio.create_task(desk.watcher.look())
        for char in text:
            file.write(char)
            file.flush()
            await asyncio.sleep(0.004)
    await looking
    assert seen == [Verdict.SWAPPED]
    assert desk.serving == "two"


async def test_what_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    desk = Desk(folder, NEVER)
    await desk.watcher.look()
    desk.meanwhile = [partial(write, folder / "a.route", "three")]
    write(folder / "a.route", "two")
    await desk.watcher.look()
    assert desk.serving == "three"
    assert desk.host.generation.number == 2, "what was half new never served"


async def test_a_load_that_raises_is_not_tried_again_on_the_same_bytes(tmp_path: Path) -> None:
    def crash() -> None:
        raise ZeroDivisionError

    folder = folder_of(tmp_path)
    desk = Desk(folder, NEVER)
    await desk.watcher.look()
    desk.meanwhile = [crash]
    write(folder / "a.route", "two")
    with pytest.raises(ZeroDivisionError):
        await desk.watcher.look()
    loads = desk.loads
    await desk.watcher.look()
    assert desk.loads == loads
    write(folder / "a.route", "three")
    await desk.watcher.look()
    assert desk.serving == "three"


async def test_files_that_never_rest_are_read_at_last(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    desk = Desk(folder, NEVER)
    desk.meanwhile = [partial(write, folder / "a.route", f"edit{number}") for number in range(100)]
    await desk.watcher.look()
    assert desk.loads < 10
    await desk.watcher.look()
    assert desk.host.generation.number == 2


# ── pure parts ──────────────────────────────────────────────────────────────────────────────────


def test_the_fingerprint_is_of_names_places_and_contents(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    file = folder / "a.route"
    first = fingerprint(folder, ())
    assert fingerprint(folder, ()) == first
    seen = {first}
    file.write_text(policy("two"), encoding="utf-8")
    seen.add(fingerprint(folder, ()))
    (folder / "b.route").write_text("", encoding="utf-8")
    seen.add(fingerprint(folder, ()))
    (folder / "b.route").rename(folder / "c.route")
    seen.add(fingerprint(folder, ()))
    seen.add(fingerprint(folder, (folder / "absent.route",)))
    (folder / "absent.route").mkdir()
    seen.add(fingerprint(folder, (folder / "absent.route",)))
    shutil.rmtree(folder)
    seen.add(fingerprint(folder, ()))
    assert len(seen) == 7


def test_every_folder_on_the_way_is_a_hop(tmp_path: Path) -> None:
    (tmp_path / "real" / "rules").mkdir(parents=True)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "one").symlink_to("../b/two")
    (tmp_path / "b" / "two").symlink_to(tmp_path / "real")
    (tmp_path / "b" / "loop").symlink_to("loop")
    folders = {folder.resolve() for folder, *_ in hops([tmp_path / "a" / "one" / "rules" / "x.route"])}
    assert {tmp_path / "a", tmp_path / "b", tmp_path / "real" / "rules", tmp_path / "real"} <= folders
    assert hops([tmp_path / "b" / "loop" / "x.route"])
