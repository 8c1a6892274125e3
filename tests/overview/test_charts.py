"""Charts from amounts: nothing, one day, the same each day, gaps, and numbers without end."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from driftsentry.overview import charts, words
from driftsentry.overview.charts import HEIGHT, STEP, Chart, Series, apart, stacked, top_of
from driftsentry.overview.model import Day, Flow, Level, Week, monday_of, rounded
from driftsentry.overview.trends import every_day, every_week, flow_chart, open_chart, span_of, wait_chart
from driftsentry.templating import render
from tests.overview.samples import days_of, weeks_of

_COLUMN = re.compile(r"M(\d+) (-?\d+)h8v(\d+)h-8z")
MACRO = "overview/_trends.html"


def columns(chart: Chart, name: str) -> dict[int, tuple[int, int]]:
    """(top, height) of the columns of a series, by their place."""
    [path] = [shape.path for shape in chart.shapes if shape.name == name]
    assert _COLUMN.sub("", path) == ""
    return {int(x) // STEP: (int(y), int(height)) for x, y, height in _COLUMN.findall(path)}


def days(levels: list[Level | None]) -> list[Day]:
    return [Day(date(2026, 11, 1) + timedelta(days=n), Flow(n, 0), level) for n, level in enumerate(levels)]


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 2), (1, 2), (2, 2), (3, 4), (9, 10), (10, 10), (11, 20), (99, 100), (101, 200), (10**9 + 1, 2 * 10**9)],
)
def test_a_scale_ends_at_a_round_even_number(highest: int, top: int) -> None:
    assert top_of(highest) == top


@pytest.mark.parametrize("amounts", [[], [None], [0], [7], [5] * 90, [None, 3, None, 0, 10**18], [1, 10**12]])
def test_columns_stay_on_their_grid_whatever_the_amounts_are(amounts: list[int | None]) -> None:
    top = top_of(max((amount for amount in amounts if amount), default=0))
    [shape] = stacked([Series("one", amounts)], top)
    found = [(int(x), int(y), int(height)) for x, y, height in _COLUMN.findall(shape.path)]
    assert len(found) == sum(1 for amount in amounts if amount)
    for x, y, height in found:
        assert 0 <= x < STEP * len(amounts)
        assert (y >= 0, y + height, height >= 12) == (True, HEIGHT, True)
    line, both = apart(Series("up", amounts), Series("down", amounts), top, top)
    assert line == HEIGHT // 2
    assert [len(_COLUMN.findall(one.path)) for one in both] == [len(found)] * 2


def test_severities_stand_on_each_other_with_the_gravest_at_the_bottom() -> None:
    chart = open_chart(days([Level(5, 0, 3, 2)]))
    assert columns(chart, "critical") == {0: (500, 500)}
    assert columns(chart, "high") == {}
    assert columns(chart, "medium") == {0: (200, 300)}
    assert columns(chart, "low") == {0: (0, 200)}
    assert chart.ticks == ((0, "10"), (500, "5"), (1000, "0"))
    assert chart.spots == ((0, "1 Nov: 5 critical, 3 medium, 2 low"),)
    assert chart.rows == (("1 Nov", "5", "0", "3", "2"),)


def test_what_came_rises_and_what_was_resolved_falls_on_one_scale() -> None:
    came = [Day(date(2026, 11, 1), Flow(30, 10), None), Day(date(2026, 11, 2), None, None)]
    chart = flow_chart(came)
    assert columns(chart, "new") == {0: (200, 600)}
    assert columns(chart, "resolved") == {0: (800, 200)}
    assert chart.ticks == ((0, "40"), (800, "0"), (1000, "10"))
    assert chart.rows == (("2 Nov", "–", "–"), ("1 Nov", "30", "10"))
    crowded = flow_chart([Day(date(2026, 11, 1), Flow(100, 1), None)])
    assert crowded.ticks == ((0, "100"), (980, "0")), "the word at the bottom would stand in the line's"


@pytest.mark.parametrize(
    ("chart", "sentence"),
    [
        (open_chart(days_of(None, None)), "Nothing is kept yet: the first report begins this chart."),
        (open_chart(days_of(0, 0, 0)), "Nothing waits for a decision now, as 3 days ago."),
        (open_chart(days_of(4, 2, 1)), "1 waits for a decision now, 3 fewer than 3 days ago."),
        (open_chart(days_of(1, 1234)), "1,234 wait for a decision now, 1,233 more than 2 days ago."),
        (open_chart(days_of(None, 3)), "3 wait for a decision now. How it was before 21 Nov is not known."),
        (flow_chart(days_of(None, None)), "Nothing came and nothing was resolved in 2 days."),
        (flow_chart(days_of(3)), "3 came and 1 was resolved in 1 day."),
        (flow_chart(days_of(None, 3, 3)), "6 came and 2 were resolved since 20 Nov."),
        (wait_chart(weeks_of(None, None)), "Nobody has decided anything in 2 weeks."),
        (wait_chart(weeks_of(None, 90)), "The median is 1 h this week, over 3 decisions."),
        (wait_chart(weeks_of(60 * 50, 0)), "The median is under 1 min this week, over 3 decisions; 2 days in the week"),
        (wait_chart(weeks_of(25, None, None)), "Nobody has decided this week. The median was 25 min in the week of 2"),
    ],
)
def test_each_chart_says_in_words_what_it_shows(chart: Chart, sentence: str) -> None:
    assert chart.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("minutes", "top"),
    [
        ([0], "10 min"),
        ([11], "20 min"),
        ([61], "2 h"),
        ([60 * 47], "2 days"),
        ([1440 * 500], "600 days"),
        ([], "10 min"),
    ],
)
def test_the_scale_of_waits_ends_in_a_unit_that_people_think_in(minutes: list[int], top: str) -> None:
    chart = wait_chart(weeks_of(None, *minutes))
    assert chart.ticks[0] == (0, top)
    assert len(columns(chart, "wait")) == len(minutes), "one that took no time is a column too"


@pytest.mark.parametrize(
    ("seconds", "kept", "text"),
    [
        (-5, 0, "under 1 min"),
        (59.9, 0, "under 1 min"),
        (3599, 3540, "59 min"),
        (3600, 3600, "1 h"),
        (172799, 169200, "47 h"),
        (172800, 172800, "2 days"),
        (10**9, 999993600, "11,574 days"),
    ],
)
def test_waits_are_kept_as_precisely_as_people_say_them(seconds: float, kept: int, text: str) -> None:
    assert rounded(timedelta(seconds=seconds)) == kept
    assert words.span_text(timedelta(seconds=kept)) == text


def test_a_day_without_a_change_is_as_the_one_before_and_what_was_before_all_is_not_known() -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 5)
    kept = [Day(date(2026, 11, 2), Flow(2, 1), None), Day(date(2026, 11, 4), Flow(1, 0), Level(1, 0, 0, 0))]
    filled = every_day(kept, first, last)
    assert [day.level for day in filled] == [None, None, None, Level(1, 0, 0, 0), Level(1, 0, 0, 0)]
    assert [day.flow for day in filled] == [None, Flow(2, 1), Flow(), Flow(1, 0), Flow()]
    before = every_day([Day(date(2026, 10, 1), Flow(9, 9), Level(7, 0, 0, 0))], first, last)
    assert {(day.level, day.flow) for day in before} == {(Level(7, 0, 0, 0), Flow())}
    assert every_day([], first, first) == [Day(first, None, None)]


def test_weeks_without_a_decision_are_gaps() -> None:
    monday = date(2026, 8, 24)
    weeks = every_week([Week(monday + timedelta(weeks=2), 1, timedelta(hours=1))], monday)
    assert [week.amount for week in weeks] == [0, 0, 1] + [0] * 10
    assert columns(wait_chart(weeks), "wait").keys() == {2}


def test_weeks_begin_on_monday_and_only_the_spans_on_offer_are_shown() -> None:
    assert monday_of(date(2026, 11, 22)) == monday_of(date(2026, 11, 16)) == date(2026, 11, 16)
    assert [span_of(text) for text in ("30", "90", "", "9999999", "<b>")] == [30, 90, 30, 30, 30]


def test_a_chart_is_a_drawing_with_a_title_and_the_same_numbers_as_a_table() -> None:
    at = datetime(2026, 11, 21, 9, tzinfo=UTC)
    shown = (open_chart(days_of(None, 2, 3)), flow_chart(days_of(None, None)), wait_chart(weeks_of(None, None)))
    trends = {"days": 30, "at": at, "charts": shown}
    html = render(MACRO, trends=trends, spans=(30, 90))
    assert html.count('role="img" aria-labelledby="chart-') == html.count("<details") == 3
    assert '<th scope="row">20 Nov</th><td>2</td><td>0</td><td>0</td><td>0</td>' in html
    assert "<title>21 Nov: 3 critical</title>" in html
    assert [bool("".join(shape.path for shape in chart.shapes)) for chart in shown] == [True, False, False]
    assert charts.spots_of([]) == ()
    assert "As of" in html
    assert "style=" not in html
