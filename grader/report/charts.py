"""Charts as SVG files, by Altair; vl-convert draws them here, without a browser or a network.

SVG, and not Vega's own JavaScript: it is a tenth of the size, opens and prints at once, and needs no script. There are no
words in them, so both languages share one file; the page says beside each what the axes are.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..result import Verdict
from .findings import Race
from .measures import histogram

if TYPE_CHECKING:
    import altair

BLUE, RED, GREY = "#1b5e9e", "#b3261e", "#6b7280"  # apart in lightness as well as in hue
FONT = "Helvetica, Arial, 'Noto Sans', sans-serif"


def distribution(shares: Sequence[float]) -> str:
    """How many students have which share of the points; bins of a tenth."""
    import altair as alt

    counts = histogram(shares)
    bars = [
        {"from": number / len(counts), "to": (number + 1) / len(counts), "students": count}
        for number, count in enumerate(counts)
    ]
    chart = (
        alt.Chart({"values": bars})
        .mark_bar(color=BLUE, stroke="white")
        .encode(
            x=alt.X("from:Q", bin="binned", title=None, axis=alt.Axis(format="%", tickCount=5)),
            x2="to:Q",
            y=alt.Y("students:Q", title=None, axis=alt.Axis(tickMinStep=1, tickCount=4)),
        )
        .properties(width=420, height=150)
    )
    return _svg(chart)


def speeds(races: Sequence[Race]) -> str:
    """Each student's ratio to the reference, a row a race: ● passed, ✚ did not, ▲ not judged; a bar at what is allowed."""
    import altair as alt

    points = [
        {"race": label(race), "ratio": max(ratio, 0.01), "verdict": verdict}
        for race in races
        for ratio, verdict in race.results
    ]
    limits = [{"race": label(race), "ratio": allowed} for race in races for allowed in race.allowed]
    verdicts = [str(Verdict.PASSED), str(Verdict.FAILED), str(Verdict.INCONCLUSIVE)]
    x = alt.X("ratio:Q", scale=alt.Scale(type="log"), title=None, axis=alt.Axis(tickCount=6, format="~r"))
    y = alt.Y("race:N", title=None, axis=alt.Axis(labelLimit=0, labelExpr="split(datum.label, '\\n')"))
    students = (
        alt.Chart({"values": points})
        .mark_point(size=70, opacity=0.55, filled=True)
        .encode(
            x=x,
            y=y,
            shape=alt.Shape("verdict:N", legend=None, scale=alt.Scale(domain=verdicts, range=["circle", "cross", "triangle"])),
            color=alt.Color("verdict:N", legend=None, scale=alt.Scale(domain=verdicts, range=[BLUE, RED, GREY])),
        )
    )  # fmt: skip
    bounds = alt.Chart({"values": limits}).mark_tick(color=RED, thickness=3, size=34).encode(x=x, y=y)
    return _svg(alt.layer(students, bounds).properties(width=420, height=alt.Step(44)))


def label(race: Race) -> str:
    """What a race is called in the chart and in its table: function and device, a line each."""
    function = race.function if race.measures == "time" else f"{race.function} ({race.measures})"
    return f"{function}\n{race.device}"


def _svg(chart: "altair.Chart | altair.LayerChart | altair.FacetChart") -> str:
    import vl_convert

    look = chart.configure(font=FONT, background="white").configure_axis(labelFontSize=12).configure_view(stroke=None)
    svg: str = vl_convert.vegalite_to_svg(look.to_dict(validate=False))
    return svg
