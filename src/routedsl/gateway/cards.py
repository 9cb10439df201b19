"""The memory of this machine's graphics cards, by NVIDIA's library, where it is installed and finds any."""

from collections.abc import Callable
from importlib import import_module

from routedsl.base.units import WHOLE


def open_cards() -> Callable[[], int | None] | None:
    """A function that gives the free share of all cards' memory together, in parts per million; None without cards.

    Both may block for some milliseconds. The function gives None where the library fails.
    """
    try:
        nvml = import_module("pynvml")
        nvml.nvmlInit()
        cards = [nvml.nvmlDeviceGetHandleByIndex(number) for number in range(nvml.nvmlDeviceGetCount())]
    except Exception:  # noqa: BLE001 - no library, no driver, no card: its errors are of its own making, or of the import
        return None

    def free() -> int | None:
        try:
            memory = [nvml.nvmlDeviceGetMemoryInfo(card) for card in cards]
        except Exception:  # noqa: BLE001 - a card that fails is one that tells nothing
            return None
        whole = sum(card.total for card in memory)
        return sum(card.free for card in memory) * WHOLE // whole if whole else None

    return free if cards else None
