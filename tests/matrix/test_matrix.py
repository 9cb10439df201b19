"""Every fault, in a stream and in a whole answer, in the first, the middle and the last place of a chain of three.

The clocks are scaled down, and waits are skipped. What must happen is in `oracle`; the invariants of each
cell are in `cells`.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from routedsl.gateway import serve
from routedsl.testing import FAULTS, ScriptedUpstream, Trouble
from tests.matrix import oracle
from tests.matrix.cells import CELLS, KEY, Cell, Scene, check, check_hedged, nothing_left, staged
from tests.matrix.oracle import Row, row_of
from tests.matrix.skipping import LoopClock, skipping_waits

CERTIFICATE = Path(__file__).with_name("untrusted.pem")
"""Signed by itself, for one day in the past; its key is of no use to anybody."""


@pytest.fixture(autouse=True)
def _by_the_clock_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "SystemClock", LoopClock)


@pytest.fixture(autouse=True)
def _nothing_is_logged_that_should_not_be(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    records = caplog.get_records("call")  # what is logged while this is taken down is no longer the test's
    assert not [record for record in records if KEY in record.getMessage() or record.levelno >= logging.ERROR]


async def check_all(scene: Scene, rows: list[tuple[Cell, Row]], *, unseen: bool = False) -> None:
    """All cells beside each other; tells which are not as they must be."""
    checks = [check(scene, cell, row, unseen=unseen) for cell, row in rows]
    results = await asyncio.gather(*checks, return_exceptions=True)
    wrong = {cell.name: result for (cell, _), result in zip(rows, results, strict=True) if result is not None}
    assert not wrong, "\n\n".join(f"{name}: {error!r}" for name, error in wrong.items())


BUFFERED = tuple(fault for fault, row in oracle.STREAM.items() if row.buffered)
"""Faults that come after the first words of a stream."""
HEDGED = ("hang", "slow-head", "slow-first-token", "pings-only", "500", "529", "html", "cut:1", "crlf", "endless:50")


def cells_of(fault: str) -> list[Cell]:
    return [Cell(fault=fault, place=place, stream=stream, tongue=tongue) for place, stream, tongue in CELLS]


def test_every_fault_has_its_row(record_property: Callable[[str, object], None]) -> None:
    assert set(FAULTS) == {oracle.name_of(name) for name in oracle.FAULTS}
    assert set(Trouble) <= set(oracle.UNSEEN)
    rows = len(oracle.FAULTS) + len(oracle.UNSEEN)
    record_property("measured", f"{rows} faults in {rows * len(CELLS)} places, {len(BUFFERED)} of them held back too")


@pytest.mark.parametrize("fault", oracle.FAULTS)
@skipping_waits
async def test_fault(fault: str, tmp_path: Path) -> None:
    cells = cells_of(fault)
    rows = [(cell, row_of(cell.tongue.name, fault, stream=cell.stream)) for cell in cells]
    async with nothing_left(), staged(tmp_path, cells) as scene:
        for together in [[row] for row in rows] if fault in oracle.ALONE else [rows]:
            await check_all(scene, together)


@pytest.mark.parametrize("fault", BUFFERED)
@skipping_waits
async def test_held_back_a_broken_stream_is_a_failure_like_any_other(fault: str, tmp_path: Path) -> None:
    cells = [cell for cell in cells_of(fault) if cell.stream]
    async with nothing_left(), staged(tmp_path, cells, options="buffer whole") as scene:
        await check_all(scene, [(cell, row_of(cell.tongue.name, fault, stream=True).held_back) for cell in cells])


@pytest.mark.parametrize("fault", HEDGED)
@skipping_waits
async def test_beside_a_hedge_nothing_is_lost_and_the_silent_cost_little(fault: str, tmp_path: Path) -> None:
    cells = [cell for cell in cells_of(fault) if cell.place != "last" and (cell.stream or fault != "endless:50")]
    async with nothing_left(), staged(tmp_path, cells, options="hedge 100ms") as scene:
        await asyncio.gather(
            *(check_hedged(scene, cell, row_of(cell.tongue.name, fault, stream=cell.stream)) for cell in cells)
        )


@asynccontextmanager
async def troubled(trouble: Trouble | str) -> AsyncIterator[str]:
    """The address of an upstream whose connections are in trouble."""
    tls = None
    if trouble == "certificate":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(CERTIFICATE)
    upstream = ScriptedUpstream(trouble=trouble if isinstance(trouble, Trouble) else None, tls=tls)
    async with upstream:
        if trouble == "refuse":
            await upstream.stop()
        yield upstream.url
        assert not upstream.seen


@pytest.mark.parametrize("trouble", oracle.UNSEEN)
@skipping_waits
async def test_trouble_of_connections(trouble: Trouble | str, tmp_path: Path) -> None:
    cells = cells_of(trouble)
    async with nothing_left(), troubled(trouble) as url, staged(tmp_path, cells, bad_url=url) as scene:
        await check_all(scene, [(cell, oracle.UNSEEN[trouble]) for cell in cells], unseen=True)
