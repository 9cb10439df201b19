"""Writing over what is there: a file is replaced, and what is no file stays what it is."""

import os
from pathlib import Path

from routedsl.tools.files import replace_file


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        replace_file(pipe, "text\n")
        assert os.read(reading, 100) == b"text\n"
    finally:
        os.close(reading)
    assert pipe.is_fifo()
