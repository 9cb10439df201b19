"""The folder of a gateway's state: what is wrong with its files stops no start, and is left as it is."""

import logging
from pathlib import Path

import pytest

from routedsl.gateway.folder import Folder


def test_a_secret_stays_and_is_nobody_elses(tmp_path: Path) -> None:
    token = Folder(tmp_path).token()
    assert Folder(tmp_path).token() == token
    assert Folder(tmp_path).token_file(token) == tmp_path / "admin-token"
    assert (tmp_path / "admin-token").stat().st_mode & 0o777 == 0o600


def test_a_file_with_something_else_is_told_and_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "admin-token").write_bytes(b"\xff\xfe")
    (tmp_path / "hash-key").mkdir()
    folder = Folder(tmp_path)
    with caplog.at_level(logging.WARNING):
        token, key = folder.token(), folder.key()
    assert len(token) == len(key) == 43
    assert [record.getMessage().partition(": ")[2].partition(";")[0] for record in caplog.records] == [
        "it holds something else",
        "Is a directory",
    ]
    assert folder.token_file(token) is None
    assert (tmp_path / "admin-token").read_bytes() == b"\xff\xfe"
