"""docs/records.md lists each field of a record, and no other."""

import re
from pathlib import Path

import pytest
from msgspec import Struct

from routedsl.gateway.settings import Settings
from routedsl.records.predicates import MOST, SPLIT
from routedsl.records.record import Attempt, Record, WorldRecord
from routedsl.records.recorder import BODIES, LARGE
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "records.md").read_text("utf-8")


def listed(table: int) -> set[str]:
    """The names in the first cells of the n-th table of fields."""
    rows = PAGE.split("| field | is |\n| --- | --- |\n")[table].partition("\n\n")[0].splitlines()
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}


@pytest.mark.parametrize(
    ("table", "struct", "beside"), [(1, Record, set()), (2, Attempt, {"model", "outcome", "detail"})]
)
def test_each_field_has_its_row(table: int, struct: type[Struct], beside: set[str]) -> None:
    assert listed(table) | beside == set(struct.__struct_fields__)


def test_the_world_is_told_whole() -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith("| `world`"))
    assert set(re.findall(r"`(\w+)`", row)) - {"world", "decide"} == set(WorldRecord.__struct_fields__)


def test_bounds_are_as_told() -> None:
    assert SPLIT == 8
    assert f"more than {MOST} such questions" in PAGE
    assert f"over {BODIES // 2**20} MiB of bodies" in PAGE
    assert f"over {LARGE // 1024} kB" in PAGE


def test_the_settings_that_are_shown_are_settings(tmp_path: Path) -> None:
    toml = re.findall(r"^(\w+) = ", PAGE.partition("```toml")[2].partition("```")[0], re.MULTILINE)
    assert set(toml) <= set(Settings.model_fields)
