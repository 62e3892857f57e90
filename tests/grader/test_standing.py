"""grader/standing: due dates to the second and across time zones, late work, extensions, adjustments, what counts in the end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from grader.course import load_course
from grader.errors import UserError
from grader.exports.format import counting
from grader.exports.nbgrader import nbgrader
from grader.result import CheckResult, Grade, Verdict
from grader.standing.adjustments import Adjustment, adjustments_of, read_adjustments, validate
from grader.standing.extensions import read_extensions
from grader.standing.final import dropped, final_points, standings
from grader.standing.policy import Late, Policy, Rules, moment, read_policy
from grader.standing.times import HandedIn, platform_time, read_timestamps
from grader.store import Counted, Store

DUE = datetime(2026, 11, 30, 14, 59, tzinfo=UTC)
HOURS = timedelta(hours=1)


def grade(student="ann", exercise="toy", points=10.0, maximum=10.0, verdict=None, source="a"):
    """One check worth all but 1 point, and test_b worth 1, both with the same share of points."""
    verdict = verdict or (Verdict.PASSED if points else Verdict.FAILED)
    share = points / maximum
    checks = [
        CheckResult("test_a", "A.", verdict, (maximum - 1) * share, maximum - 1, 0.1),
        CheckResult("test_b", "B.", Verdict.PASSED, share, 1.0, 0.1),
    ]
    return Grade(student, exercise, checks, source * 64, "1+2", "0", "cpu", "bwrap", "en")


def counted(at=None, **facts):
    return replace(Counted.of_record(grade(**facts).to_record()), submitted_at=at, told_by="timestamps" if at else "")


def policy_of(text):
    import tomllib

    return read_policy(tomllib.loads(text + '\n[[exercise]]\nname = "toy"\n[[exercise]]\nname = "second"\n'))


@pytest.mark.parametrize(
    "seconds, lost",
    [(-1, 0), (0, 0), (0.9, 0), (1, 1), (86400, 1), (86400.5, 1), (86401, 2), (3 * 86400, 3), (20 * 86400, 9)],
)
def test_a_day_begins_with_its_first_second(seconds, lost):
    standing = final_points(counted(DUE + timedelta(seconds=seconds), points=9.0), Rules(DUE, Late(share=0.1)))
    assert (standing.penalty, standing.points) == (pytest.approx(lost), pytest.approx(9.0 - lost))
    assert standing.grade.points == 9.0


@pytest.mark.parametrize(
    "late, hours, lost",
    [
        (Late(), 1000, 0),
        (Late(share=0.01, step=HOURS), 5, 0.5),
        (Late(share=0.01, step=HOURS), 5.001, 0.6),
        (Late(share=0.1, of="earned"), 24, 0.8),
        (Late(share=0.1, at_most=0.25), 24 * 7, 2.5),
        (Late(share=0.1, grace=timedelta(minutes=15)), 0.25, 0),
        (Late(share=0.1, grace=timedelta(minutes=15)), 0.26, 1),
        (Late(cut_off=72 * HOURS), 72, 0),
        (Late(cut_off=72 * HOURS), 72.001, 8),
        (Late(share=0.1, cut_off=72 * HOURS), 72.001, 8),
    ],
)
def test_what_late_work_costs(late, hours, lost):
    standing = final_points(counted(DUE + hours * HOURS, points=8.0), Rules(DUE, late))
    assert standing.penalty == pytest.approx(lost)


def test_a_time_that_nobody_knows_costs_nothing_and_is_told():
    standing = final_points(counted(), Rules(DUE, Late(share=1.0)))
    assert (standing.points, standing.is_time_unknown) == (10.0, True)
    assert not final_points(counted(), Rules()).is_time_unknown


def test_a_local_due_date_is_in_the_course_time_zone():
    policy = policy_of('[grading]\ntimezone = "Asia/Seoul"\ndue = 2026-11-30T23:59:00\n')
    assert policy.of("toy").due == DUE == policy_of("[grading]\ndue = 2026-11-30T23:59:00+09:00\n").of("toy").due


def test_where_clocks_are_changed_time_that_has_passed_counts():
    berlin = ZoneInfo("Europe/Berlin")
    due = moment(datetime(2026, 3, 28, 23, 59), berlin)
    handed_in = datetime(2026, 3, 29, 23, 59, tzinfo=berlin)  # by the clock a day later, but the night had an hour less
    standing = final_points(counted(handed_in.astimezone(UTC)), Rules(due, Late(share=0.01, step=HOURS)))
    assert (standing.late_by, standing.penalty) == (23 * HOURS, pytest.approx(2.3))
    assert moment(datetime(2026, 10, 25, 2, 30), berlin) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # the later one
    with pytest.raises(ValueError, match="does not exist in Europe/Berlin"):
        moment(datetime(2026, 3, 29, 2, 30), berlin)


@pytest.mark.parametrize(
    "text, said",
    [
        ("[grading]\ndue = 2026-11-30T23:59:00", "has no time zone: write its offset"),
        ("[grading]\ndue = 2026-11-30", "not a date without a time"),
        ('[grading]\ndue = "2026-11-30T23:59:00+09:00"', "without quotes"),
        ('[grading]\ntimezone = "Asia/Soul"', "no time zone 'Asia/Soul'"),
        ('[grading]\nkeep = "first"', '"last" or "best"'),
        ("[grading]\ndrop_lowest = -1", "how many exercises"),
        ("[grading]\nroster = 3", "path of a CSV file"),
        ("[grading]\ndeadline = 3", "no 'deadline' in"),
        ("[late]\nper_day = 10", "a share of the points"),
        ("[late]\nper_day = true", "not negative"),
        ("[late]\nper_day = 0.1\nper_hour = 0.1", "leave one of them"),
        ('[late]\nof = "all"', '"max" or "earned"'),
        ("late = 0.1", "is a table"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(own_course, text, said):
    path = own_course.root / "exercises" / "course.toml"
    whole = path.read_text()
    path.write_text(f"{text}\n{whole}" if text.startswith("late") else f"{whole}\n{text}\n")
    with pytest.raises(UserError, match=said):
        load_course(path)


def test_an_exercise_may_have_a_policy_of_its_own():
    import tomllib

    table = tomllib.loads(
        '[grading]\ndue = 2026-11-30T23:59:00+09:00\n[late]\nper_day = 0.1\n[[exercise]]\nname = "toy"\n'
        'due = 2026-12-01T23:59:00+09:00\nlate = { per_hour = 0.5 }\n[[exercise]]\nname = "second"\n'
    )
    policy = read_policy(table)
    assert policy.of("toy") == Rules(DUE + 24 * HOURS, Late(share=0.5, step=HOURS))
    assert policy.of("second") == Rules(DUE, Late(share=0.1))


def test_due_dates_make_no_grade_old(own_course):
    path = own_course.root / "exercises" / "course.toml"
    before = own_course.version_of(own_course.exercise("toy"))
    path.write_text(path.read_text() + "\n[grading]\ndue = 2026-11-30T23:59:00+09:00\n[late]\nper_day = 0.5\n")
    course = load_course(path)
    assert course.version_of(course.exercise("toy")) == before
    assert course.policy.of("second").late.share == 0.5


def test_extensions(tmp_path):
    policy = policy_of('[grading]\ntimezone = "Asia/Seoul"\ndue = 2026-11-30T23:59:00\n')
    path = tmp_path / "roster.csv"
    path.write_text(
        "student,id,extension,extension_toy,due_second,due\nann,1,24,,,whatever\nbob,2,,48,2026-12-05 12:00,\n김서준,3,,,,\n"
    )
    extensions = read_extensions(path, policy)
    assert extensions.due("ann", "toy", DUE) == DUE + 24 * HOURS
    assert extensions.due("bob", "toy", DUE) == DUE + 48 * HOURS
    assert extensions.due("bob", "second", DUE) == datetime(2026, 12, 5, 3, 0, tzinfo=UTC)
    assert extensions.due("김서준", "toy", DUE) == extensions.due("nobody", "toy", DUE) == DUE
    assert extensions.due("ann", "toy", None) is None


@pytest.mark.parametrize(
    "text, said",
    [
        ("student,extension\nann,soon\n", "row 2, extension: 'soon' is no number of hours"),
        ("student,extension\nann,-1\n", "no number of hours"),
        ("student,extension\nann,nan\n", "no number of hours"),
        ("student,extension_tooy\nann,1\n", "no exercise 'tooy'. Choose from: toy, second"),
        ("student,due_toy\nann,2026-12-05\n", "no date with a time"),
        ("student,due_toy\nann,2026-12-05T12:00\n", "has no time zone"),
        ("name,due_toy\nann,\n", "no column student"),
    ],
)
def test_a_bad_extension_is_one_sentence(tmp_path, text, said):
    (tmp_path / "roster.csv").write_text(text)
    with pytest.raises(UserError, match=said):
        read_extensions(tmp_path / "roster.csv", policy_of(""))


@pytest.mark.parametrize(
    "text, at",
    [
        ("2026-03-01 10:00:00.262580000 Z", datetime(2026, 3, 1, 10, 0, 0, 262580, UTC)),
        ("2026-03-01 10:00:00 -08:00", datetime(2026, 3, 1, 18, tzinfo=UTC)),
        ("2026-03-01 10:00:00.5 UTC\n", datetime(2026, 3, 1, 10, 0, 0, 500000, UTC)),
        ("2026-03-01 10:00:00.0 Asia/Seoul", datetime(2026, 3, 1, 1, tzinfo=UTC)),
        ("2026-03-01 10:00:00 CST", None),
        ("2026-03-01 10:00:00 ../../etc/passwd", None),
        ("2026-03-01 10:00:00", None),
        ("2026-03-01", None),
        ("soon", None),
        ("", None),
    ],
)
def test_the_times_of_platforms(text, at):
    assert platform_time(text) == at


def test_timestamps_are_of_an_exercise_or_of_all(tmp_path):
    path = tmp_path / "times.csv"
    path.write_text(
        "Student;Time;Exercise\nann;2026-12-01 08:00;toy\nANN;2026-11-30T10:00+09:00;\nghost;2026-12-01 08:00;\n"
    )
    times = read_timestamps(path, ["toy", "second"], ZoneInfo("Asia/Seoul"))
    assert times.of("ann", "toy") == HandedIn(datetime(2026, 11, 30, 23, tzinfo=UTC), "timestamps")
    assert times.of("ann", "second") == HandedIn(datetime(2026, 11, 30, 1, tzinfo=UTC), "timestamps")
    assert times.of("bob", "toy") is None
    assert times.unknown(["ann"]) == ["ghost"]


@pytest.mark.parametrize(
    "text, said",
    [
        ("student,when\nann,x\n", "no column time"),
        ("student,time\nann,tomorrow\n", "row 2: 'tomorrow' is no date"),
        ("student,time\nann,2026-12-01 08:00\n", "has no time zone"),
        ("student,time,exercise\nann,2026-12-01 08:00Z,tooy\n", "no exercise 'tooy'"),
        ("student,time\nann,2026-12-01 08:00Z\nann,2026-12-02 08:00Z\n", "row 3: ann has another time"),
        ("", "it is empty"),
    ],
)
def test_bad_timestamps_are_one_sentence(tmp_path, text, said):
    (tmp_path / "times.csv").write_text(text)
    with pytest.raises(UserError, match=said):
        read_timestamps(tmp_path / "times.csv", ["toy"], None)


def word(check="", points=None, is_set=False, text="why", exercise="toy"):
    return Adjustment("ann", exercise, check, points, is_set, text, "kim", DUE)


@pytest.mark.parametrize(
    "words, points, adjusted",
    [
        ([], 4.0, 0.0),
        ([word(points=1.5)], 5.5, 1.5),
        ([word("test_a", -0.5), word("test_b", 1.0)], 4.5, 0.5),
        ([word("test_a", 9.0, True)], 8.5, 4.5),
        ([word("test_a", 9.0, True), word(points=-1.0)], 7.5, 3.5),
        ([word(points=7.0, is_set=True), word("test_a", 3.0)], 7.0, 3.0),
        ([word(points=-100.0)], 0.0, -4.0),
        ([word(text="a remark")], 4.0, 0.0),
        ([word("test_gone", 5.0)], 4.0, 0.0),
    ],
)
def test_adjustments_come_on_top_of_what_being_late_leaves(words, points, adjusted):
    standing = final_points(counted(DUE + HOURS, points=5.0), Rules(DUE, Late(share=0.1)), None, words)
    assert (standing.penalty, standing.points, standing.adjusted) == (
        1.0,
        pytest.approx(points),
        pytest.approx(adjusted),
    )
    assert [one.check for one in standing.lost] == [one.check for one in words if one.check == "test_gone"]


def test_who_sets_the_points_of_an_open_check_has_reviewed_it():
    open_grade = counted(verdict=Verdict.GRADER_ERROR)
    assert final_points(open_grade).needs_review
    assert final_points(open_grade, adjustments=[word("test_b", 1.0, True)]).needs_review
    assert not final_points(open_grade, adjustments=[word("test_a", 3.0, True)]).needs_review
    assert not final_points(open_grade, adjustments=[word(points=3.0, is_set=True)]).needs_review


def test_the_lowest_are_dropped_but_never_what_is_open_or_the_only_one():
    made = [
        final_points(counted(exercise="a", points=4.0)),
        final_points(counted(exercise="b", points=4.0, maximum=20.0)),
        final_points(counted(exercise="c", points=0.0, verdict=Verdict.INCONCLUSIVE)),
    ]

    def names(count, kept):
        return [one.exercise for one in dropped(kept, Policy(drop_lowest=count), ["a", "b", "c"]) if one.is_dropped]

    assert names(0, made) == []
    assert names(1, made) == ["b"]
    assert names(5, made) == ["a", "b"]
    assert names(1, made[:1]) == []


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "grades.db")) as opened:
        yield opened


@pytest.fixture
def course(own_course):
    """The toys with a due date; ten per cent a day."""
    path = own_course.root / "exercises" / "course.toml"
    path.write_text(path.read_text() + "\n[grading]\ndue = 2026-11-30T23:59:00+09:00\n[late]\nper_day = 0.1\n")
    return load_course(path)


def with_policy(course, **changes):
    return replace(course, policy=replace(course.policy, **changes))


def test_a_new_policy_needs_no_regrade(store, course, tmp_path):
    made = grade()
    store.save([("k1", made)])
    store.hand_in([("ann", "toy", made.source_sha256, HandedIn(DUE + HOURS, "gradescope"))])
    before = store.records()
    assert [one.points for one in standings(store, course)] == [9.0]
    (tmp_path / "roster.csv").write_text("student,extension\nann,1\n")
    assert [one.points for one in standings(store, course, roster=tmp_path / "roster.csv")] == [10.0]
    lenient = with_policy(course, rules={"toy": Rules(DUE + 2 * HOURS)})
    assert [one.points for one in standings(store, lenient)] == [10.0]
    assert store.records() == before


def test_of_several_submissions_the_best_counts_after_its_penalty(store, course):
    sources = [("a", 10.0, 72), ("b", 9.0, -1), ("c", 2.0, -1)]
    for source, points, hours in sources:
        made = grade(points=points, source=source)
        store.save([(f"k{source}", made)])
        store.hand_in([("ann", "toy", made.source_sha256, HandedIn(DUE + hours * HOURS, "timestamps"))])
    store.save([("never", grade(points=10.0, source="d"))], is_live=False)
    assert [one.grade.key for one in standings(store, course)] == ["kc"]
    best = with_policy(course, keep="best")
    assert [(one.grade.key, one.points) for one in standings(store, best)] == [("kb", 9.0)]
    # The checks are mended, and that submission is worth less: the older grade of the same file is no way around that.
    store.save([("kb2", grade(points=1.0, source="b"))])
    store.make_live([("ann", "toy", "kc")])
    assert [(one.grade.key, one.points) for one in standings(store, best)] == [("ka", 7.0)]


def test_an_open_last_submission_is_not_hidden_by_a_better_one(store, course):
    store.save([("k1", grade(source="a"))])
    store.save([("k2", grade(source="b", verdict=Verdict.GRADER_ERROR))])
    (standing,) = standings(store, with_policy(course, keep="best"))
    assert standing.grade.key == "k2" and standing.needs_review


def test_what_is_dropped_depends_on_all_exercises(store, course):
    store.save([("k1", grade()), ("k2", grade(exercise="second", points=1.0))])
    dropping = with_policy(course, drop_lowest=1)
    assert [one.is_dropped for one in standings(store, dropping, exercises=["second"])] == [True]
    assert [one.is_dropped for one in standings(store, dropping, exercises=["toy"])] == [False]


def test_a_time_that_was_told_is_not_forgotten(store):
    made = grade()
    store.save([("k1", made)])
    store.hand_in([("ann", "toy", made.source_sha256, HandedIn(DUE, "timestamps"))])
    store.hand_in([("ann", "toy", made.source_sha256, HandedIn(DUE + HOURS, "gradescope"))])
    store.hand_in([])
    store.save([("k2", made)])  # another version of the grader, the same file
    (one,) = store.counted()
    assert (one.key, one.submitted_at, one.told_by) == ("k2", DUE + HOURS, "gradescope")


def adjustments(tmp_path, text):
    (tmp_path / "adjustments.csv").write_text(text)
    return read_adjustments(tmp_path / "adjustments.csv")


def test_adjustments_are_kept_with_author_and_time_and_can_be_changed(store, course, tmp_path):
    store.save([("k1", grade())])
    first = adjustments(
        tmp_path, 'student,exercise,check,points,set,text\nann,toy,test_a,"−0,5",,untidy\nann,toy,,,,한마디\n'
    )
    validate(first, store, course, tmp_path)
    assert len(store.adjust(first, "kim")) == 2
    assert store.adjust(first, "lee") == []
    store.adjust(adjustments(tmp_path, "student,exercise,check,set\nann,toy,test_a,3\n"), "lee")
    store.save([("k2", grade(points=5.0))])  # a regrade
    remark, fixed = adjustments_of(store, "ann", "toy")
    assert (remark.text, remark.points, remark.author) == ("한마디", None, "kim")
    assert (fixed.points, fixed.is_set, fixed.author) == (3.0, True, "lee")
    assert fixed.made_at.tzinfo is not None
    assert [one.points for one in standings(store, course)] == [pytest.approx(3.5)]
    store.adjust(adjustments(tmp_path, "student,exercise,check\nann,toy,test_a\n"), "kim")
    assert [one.points for one in standings(store, course)] == [5.0]
    assert [one.author for one in store.all_adjustments(["ann"])] == ["kim", "kim", "lee", "kim"]


@pytest.mark.parametrize(
    "text, said",
    [
        ("student,exercise,points\nann,toy,many\n", "row 2, points: 'many' is no number"),
        ("student,exercise,points\nann,toy,nan\n", "is no number"),
        ("student,exercise,points,set\nann,toy,1,1\n", "Leave one of them"),
        ("student,exercise,set\nann,toy,-1\n", "less than 0"),
        ("student,exercise,points\n,toy,1\n", "names no student"),
        ("student,exercise,points\nann,toy,1\nann,toy,2\n", "row 3: a row above"),
        ("student,points\nann,1\n", "no column exercise"),
    ],
)
def test_a_bad_list_of_adjustments_is_one_sentence(tmp_path, text, said):
    with pytest.raises(UserError, match=said):
        adjustments(tmp_path, text)


def test_an_adjustment_of_what_is_not_there_names_it(store, course, tmp_path):
    store.save([("k1", grade())])
    text = "student,exercise,check,points\nzoe,toy,,1\nann,tooy,,1\nann,second,,1\nann,toy,test_x,1\n"
    with pytest.raises(UserError) as raised:
        validate(adjustments(tmp_path, text), store, course, tmp_path / "a.csv")
    for part in ("no student 'zoe'", "no exercise 'tooy'", "no grade of ann on second", "no check 'test_x' in toy"):
        assert part in str(raised.value)


def test_nbgraders_columns_tell_the_penalty_and_the_times():
    standing = final_points(counted(DUE + HOURS, points=5.0), Rules(DUE, Late(share=0.1)), None, [word(points=2.0)])
    record = counting(grade(points=5.0).to_record(), standing)
    line = nbgrader([record]).decode().splitlines()[1].split(",")
    assert line == [
        *("toy", "2026-11-30 14:59:00", "2026-11-30 15:59:00", "ann", "", "", ""),
        *("5", "1.0", "6", "10"),
    ]
