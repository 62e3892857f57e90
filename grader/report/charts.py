"""Charts as SVG files: Vega-Lite, drawn here by vl-convert, which carries it along. No browser, no network.

SVG, and not Vega's own JavaScript: it is a tenth of the size, opens and prints at once, and needs no script. The
specifications are written out: they are short, and Altair, which would write them, takes longer to import than all of them
to be drawn. There are no words in them, so both languages share one file; the page says beside each what the axes are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..result import Verdict
from .findings import Race
from .measures import histogram

BLUE, RED, GREY = "#1b5e9e", "#b3261e", "#6b7280"  # apart in lightness as well as in hue
LOOK = {
    "font": "Helvetica, Arial, 'Noto Sans', sans-serif",
    "background": "white",
    "axis": {"labelFontSize": 12},
    "view": {"stroke": None},
}
Spec = dict[str, Any]


def distribution(shares: Mapping[float, int]) -> str:
    """How many students have which share of the points (share -> how many); bins of a tenth."""
    counts = histogram(shares)
    bars = [
        {"from": number / len(counts), "to": (number + 1) / len(counts), "students": count}
        for number, count in enumerate(counts)
    ]
    return _svg(
        {
            "data": {"values": bars},
            "mark": {"type": "bar", "color": BLUE, "stroke": "white"},
            "encoding": {
                "x": _axis("from", {"format": "%", "tickCount": 5}, bin="binned"),
                "x2": {"field": "to"},
                "y": _axis("students", {"tickMinStep": 1, "tickCount": 4}),
            },
            "height": 150,
        }
    )


def speeds(races: Sequence[Race]) -> str:
    """Each student's ratio to the reference, a row a race: ● passed, ✚ did not, ▲ not judged; a bar at what is allowed.

    Of many students some, as `Race` keeps them: thousands of points are a blot, and a page that does not open.
    """
    points = [
        {"race": label(race), "ratio": max(ratio, 0.01), "verdict": verdict}
        for race in races
        for ratio, verdict in race.results.values
    ]
    limits = [{"race": label(race), "ratio": allowed} for race in races for allowed in race.allowed]
    verdicts = [str(Verdict.PASSED), str(Verdict.FAILED), str(Verdict.INCONCLUSIVE)]
    place = {
        "x": _axis("ratio", {"tickCount": 6, "format": "~r"}, scale={"type": "log"}),
        "y": _axis("race", {"labelLimit": 0, "labelExpr": "split(datum.label, '\\n')"}, type="nominal"),
    }
    look = {"field": "verdict", "type": "nominal", "legend": None}
    shapes = {"shape": look | {"scale": {"domain": verdicts, "range": ["circle", "cross", "triangle"]}}}
    colors = {"color": look | {"scale": {"domain": verdicts, "range": [BLUE, RED, GREY]}}}
    students = {
        "data": {"values": points},
        "mark": {"type": "point", "size": 70, "opacity": 0.55, "filled": True},
        "encoding": place | shapes | colors,
    }
    bounds = {
        "data": {"values": limits},
        "mark": {"type": "tick", "color": RED, "thickness": 3, "size": 34},
        "encoding": place,
    }
    return _svg({"layer": [students, bounds], "height": {"step": 44}})


def label(race: Race) -> str:
    """What a race is called in the chart: function and device, a line each."""
    function = race.function if race.measures == "time" else f"{race.function} ({race.measures})"
    return f"{function}\n{race.device}"


def _axis(field: str, axis: Spec, type: str = "quantitative", **more: Any) -> Spec:
    return {"field": field, "type": type, "title": None, "axis": axis, **more}


def _svg(spec: Spec) -> str:
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(
        {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "width": 420, "config": LOOK, **spec}
    )
    return svg
