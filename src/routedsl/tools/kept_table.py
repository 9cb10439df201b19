"""How syrupy keeps a table of decisions."""

from syrupy.assertion import SnapshotAssertion
from syrupy.exceptions import SnapshotDoesNotExist
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode


class TableExtension(SingleFileSnapshotExtension):
    """Keeps each snapshot as a text file of its own."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


def kept_by(snapshot: SnapshotAssertion) -> str:
    """The table that the next assertion is compared with; empty where there is none yet."""
    try:
        kept = snapshot.session.recall_snapshot(snapshot.extension, snapshot.test_location, snapshot.index)
    except SnapshotDoesNotExist:
        return ""
    return str(kept or "")
