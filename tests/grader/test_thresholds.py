"""grader/speed/thresholds.py: what a course allows, and that a grade depends on it."""

import datetime
import tomllib

import pytest

from grader.course import load_course
from grader.errors import UserError
from grader.speed.thresholds import Table, Threshold, load, of_exercise, path_in, save

CPU, H100 = "cpu x86_64", "NVIDIA H100 80GB HBM3"
ROW = """
[{kind!r}]
name = "some device"
measured = 2026-11-26
bytes_per_s = 9.1e9
flops_per_s = 9.5e10

[{kind!r}.toy."test_fast[long]"]
threshold = {threshold}
honest = {{ reference = 1.0, toy-square = 1.9 }}
slow = {{ toy-loop = 94.0 }}
"""


@pytest.fixture
def put(tmp_path):
    """put(text, …): the root of a course whose file holds these parts."""

    def write(*parts):
        path = path_in(tmp_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(parts), encoding="utf-8")
        return tmp_path

    return write


def row(kind=CPU, threshold=4.1):
    return ROW.format(kind=kind, threshold=threshold)


def table(**checks):
    return Table("한 장치", datetime.date(2026, 11, 26), 9.1e9, 9.5e10, checks)


def test_a_file_by_hand_is_read(put):
    tables = load(put(row(), row(H100, 12)))
    assert list(tables) == [CPU, H100]
    entry = tables[CPU].checks["toy"]["test_fast[long]"]
    assert entry == Threshold(4.1, {"reference": 1.0, "toy-square": 1.9}, {"toy-loop": 94.0})
    assert entry.gap == pytest.approx(94 / 1.9)
    assert tables[H100].checks["toy"]["test_fast[long]"].value == 12.0
    assert tables[CPU].measured == datetime.date(2026, 11, 26)


def test_a_course_without_the_file_has_no_thresholds(tmp_path):
    assert load(tmp_path) == {}
    assert of_exercise(tmp_path, "toy") == of_exercise(tmp_path, "second")


def test_what_is_saved_is_read_again(put):
    root = put("")
    tables = {
        CPU: table(
            toy={
                "test_fast[a-1]": Threshold(4.13, {"reference": 1.0, "x": 1.9}, {"loop": 94.5}),
                "test_b": Threshold(2.0),
            },
            second={},
        ),
        H100: table(),
    }
    save(root, tables)
    assert load(root) == tables
    save(root, load(root))
    assert load(root) == tables
    text = path_in(root).read_text(encoding="utf-8")
    assert text.startswith("# How many times the reference's time")
    assert set(tomllib.loads(text)) == {CPU, H100}


def test_what_a_device_can_do_is_kept_to_three_digits(put):
    root = put("")
    save(root, {CPU: Table("x", datetime.date(2026, 1, 2), 9_123_456_789.0, 12_345.6)})
    assert (load(root)[CPU].bytes_per_s, load(root)[CPU].flops_per_s) == (9.12e9, 12_300.0)


@pytest.mark.parametrize(
    "text",
    [
        "[cpu",
        "\\x00",
        '"cpu x86_64" = 3\n',
        "[cpu]\n",
        row().replace('name = "some device"\n', ""),
        row().replace("measured = 2026-11-26\n", ""),
        row().replace("9.1e9", '"many"'),
        row().replace("threshold = 4.1\n", ""),
        row().replace("threshold = 4.1", 'threshold = "fast"'),
        row().replace("threshold = 4.1", "threshold = [4.1]"),
        row().replace("{ toy-loop = 94.0 }", "3"),
        row().replace("slow = { toy-loop = 94.0 }\n", ""),
        row() + row(),
        row().replace('.toy."test_fast[long]"]', ".toy]"),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence(put, text):
    root = put(text)
    with pytest.raises(UserError) as told:
        load(root)
    message = str(told.value)
    assert str(path_in(root)) in message
    assert "cannot be used" in message
    assert "`grader calibrate` makes it" in message


def test_bytes_that_are_no_text_are_one_sentence(put):
    root = put("")
    path_in(root).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be used"):
        load(root)


def test_a_file_that_changes_is_read_again(put):
    assert load(put(row()))[CPU].checks["toy"]["test_fast[long]"].value == 4.1
    assert load(put(row(threshold=5)))[CPU].checks["toy"]["test_fast[long]"].value == 5.0


def test_the_roofline_is_what_takes_longer():
    device = table()
    assert device.floor(9.1e9, 0.0) == pytest.approx(1.0)
    assert device.floor(0.0, 19e10) == pytest.approx(2.0)
    assert device.floor(9.1e9, 19e10) == pytest.approx(2.0)
    assert device.floor(9.1e10, 19e10) == pytest.approx(10.0)


def versions(course):
    """The version that each exercise's grades are kept under, of the course as it lies there now."""
    course = load_course(course.root / "exercises" / "course.toml")
    return {exercise.name: course.version_of(exercise) for exercise in course.exercises}


def test_a_grade_depends_on_its_exercise_s_thresholds_alone(own_course):
    path = path_in(own_course.root)
    found = [versions(own_course)]
    for text in (row(), row(threshold=5), row(threshold=5) + row(H100), row(H100) + row(threshold=5)):
        path.write_text(text, encoding="utf-8")
        found.append(versions(own_course))
    none, first, stricter, two_devices, other_order = (versions["toy"] for versions in found)
    assert len({none, first, stricter, two_devices}) == 4
    assert two_devices == other_order
    assert len({versions["second"] for versions in found}) == 1


def test_what_a_device_can_do_changes_no_grade(own_course):
    path = path_in(own_course.root)
    path.write_text(row(), encoding="utf-8")
    before = versions(own_course)
    path.write_text(row().replace("9.1e9", "1e9").replace("some device", "another").replace("-26", "-27"), "utf-8")
    assert versions(own_course) == before
