"""How syrupy keeps a table of decisions."""

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode


class TableExtension(SingleFileSnapshotExtension):
    """Keeps each snapshot as a text file of its own."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"
