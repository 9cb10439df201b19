"""A picture of what moves from where to where: bands from one column of names to another, as wide as they are many."""

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from routedsl.tools.markup import Markup, element, together

HUES = 8
"""Names that have a colour of their own."""
OTHERS = "others"

_WIDTH, _LEFT, _RIGHT, _BAR = 480, 130, 340, 10
_TALL, _GAP, _TOP, _LONGEST = 160, 16, 8, 14


class Flows(Struct, frozen=True):
    """How many go from one name to another."""

    counts: Mapping[tuple[str, str], int]

    def column(self, side: int) -> list[tuple[str, int]]:
        """The names of one side and how many are there, the most first."""
        sums: Counter[str] = Counter()
        for names, count in self.counts.items():
            sums[names[side]] += count
        return sorted(sums.items(), key=lambda each: (-each[1], each[0]))


def few(flows: Flows) -> Flows:
    """The same with the rarest names of each side in one, where there are more than colours."""
    kept = [{name for name, _ in flows.column(side)[: HUES - 1]} for side in (0, 1)]
    counts: Counter[tuple[str, str]] = Counter()
    for (old, new), count in flows.counts.items():
        counts[old if old in kept[0] else OTHERS, new if new in kept[1] else OTHERS] += count
    return Flows(counts)


def picture(flows: Flows) -> Markup:
    """The bands as SVG, coloured by where they come from."""
    shown = few(flows)
    columns = [shown.column(side) for side in (0, 1)]
    hues = {name: place for place, name in enumerate(dict.fromkeys(name for side in columns for name, _ in side))}
    scale = _TALL / max(1, sum(shown.counts.values()))
    tops = [_tops(column, scale) for column in columns]
    tall = 2 * _TOP + _TALL + _GAP * (max(map(len, columns)) - 1)
    bands = _bands(shown, columns, tops, scale, hues)
    bars = [_bar(side, each, tops[side][each[0]], scale, hues) for side in (0, 1) for each in columns[side]]
    label = "Requests that move, from the model asked first before to the one asked first now"
    return element(
        "svg", *bands, *bars, viewBox=f"0 0 {_WIDTH} {tall:.0f}", role="img", aria_label=label, class_="flow"
    )


def _tops(column: Sequence[tuple[str, int]], scale: float) -> dict[str, float]:
    tops, top = {}, float(_TOP)
    for name, count in column:
        tops[name] = top
        top += count * scale + _GAP
    return tops


def _bands(
    shown: Flows,
    columns: Sequence[Sequence[tuple[str, int]]],
    tops: Sequence[Mapping[str, float]],
    scale: float,
    hues: Mapping[str, int],
) -> list[Markup]:
    """Each band leaves its name below those before it, and arrives so."""
    left, right = dict(tops[0]), dict(tops[1])
    bands = []
    for old, _ in columns[0]:
        for new, _ in columns[1]:
            count = shown.counts.get((old, new), 0)
            if count:
                bands.append(_band(left[old], right[new], count * scale, f"{old} to {new}: {count:,}", hues[old]))
                left[old] += count * scale
                right[new] += count * scale
    return bands


def _band(start: float, end: float, wide: float, title: str, hue: int) -> Markup:
    one, two, middle = _LEFT + _BAR, _RIGHT, (_LEFT + _BAR + _RIGHT) / 2
    path = (
        f"M{one} {start:.1f}C{middle} {start:.1f} {middle} {end:.1f} {two} {end:.1f}"
        f"V{end + wide:.1f}C{middle} {end + wide:.1f} {middle} {start + wide:.1f} {one} {start + wide:.1f}Z"
    )
    return element("path", element("title", title), d=path, class_=f"band hue{hue % HUES}")


def _bar(side: int, each: tuple[str, int], top: float, scale: float, hues: Mapping[str, int]) -> Markup:
    name, count = each
    tall = max(count * scale, 1)
    x = (_LEFT, _RIGHT)[side]
    bar = element("rect", x=x, y=f"{top:.1f}", width=_BAR, height=f"{tall:.1f}", class_=f"hue{hues[name] % HUES}")
    at, anchor = ((_LEFT - 8, "end"), (_RIGHT + _BAR + 8, "start"))[side]
    words = (element("tspan", _short(name)), element("tspan", f"  {count:,}", class_="count"))
    return together((bar, element("text", *words, x=at, y=f"{top + tall / 2 + 4:.1f}", text_anchor=anchor)))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
