"""grader export and grader check --json, as a user runs them: where records come from, where files go, what is said."""

import base64
import io
import json
import shutil

import pytest
import yaml
from rich.console import Console

from grader.errors import UserError
from grader.exports import FORMATS, run
from grader.reports.records import write_json
from grader.result import CheckResult, Grade, Verdict
from grader.store import Store

WORKFLOWS = "grader/templates/{}/.github/workflows/{}"


def grade(student="ann", exercise="toy", verdict="passed"):
    check = CheckResult("test_a", "A.", Verdict(verdict), 2.0 if verdict == "passed" else 0.0, 2.0, 0.1)
    return Grade(student, exercise, [check], "ab" * 32, "1+2", "0", "cpu", "bwrap", "en", ["a note"])


GRADES = [grade(), grade("ann", "second", "inconclusive"), grade('Lee/Kim, "J"'), grade("한글", "second", "failed")]


@pytest.fixture
def world(tmp_path, toy_course, monkeypatch):
    """The same records as a store, as a folder, and as one file, beside a course."""
    monkeypatch.chdir(toy_course.root)
    with Store(str(tmp_path / "grades.db")) as store:
        store.save([(str(number), one) for number, one in enumerate(GRADES)])
    records = [one.to_record() for one in GRADES]
    write_json(records, tmp_path / "records")
    (tmp_path / "records.json").write_text(json.dumps(records))
    return tmp_path


@pytest.fixture
def export(world):
    """export(format, **options): what was said."""

    def perform(name, out="out", db="grades.db", records=None, **options):
        said = io.StringIO()
        console = Console(file=said, width=200)
        run.export(console, name, world / out, str(world / db), world / records if records else None, **options)
        return said.getvalue()

    return perform


@pytest.mark.parametrize("records", ["records", "records.json"])
@pytest.mark.parametrize("name", ["junit", "nbgrader"])
def test_store_folder_and_file_give_the_same(world, export, name, records):
    said = export(name, out="stored")
    assert export(name, out="read", records=records) == said
    assert (world / "stored").read_bytes() == (world / "read").read_bytes()
    assert said == "Needs review, left open: ann, second: test_a: inconclusive; a note\n"


def test_the_order_is_that_of_the_course(world, export):
    export("nbgrader")
    rows = [line.split(",") for line in (world / "out").read_text().splitlines()[1:]]
    assert [row[0] for row in rows if row[3] == "ann"] == ["toy", "second"]


def test_a_file_a_record_goes_into_a_folder(world, export):
    export("prairielearn", out="new/folder")
    files = sorted(path.relative_to(world / "new/folder").as_posix() for path in (world / "new/folder").rglob("*.json"))
    assert len(files) == 4
    assert {"ann/toy.json", "ann/second.json", "한글/second.json"} < set(files)
    assert all("/" not in file.replace("/", "", 1) for file in files)  # the slash in a name leads nowhere


def test_one_record_is_one_file(world, export):
    export("exercism", out="one.json", students=["ann"], exercises=["toy"])
    assert json.loads((world / "one.json").read_text())["status"] == "pass"


@pytest.mark.parametrize(
    "name, options, said",
    [
        ("nope", {}, "no format 'nope'. Choose from: canvas, moodle"),
        ("junit", {"students": ["bob"]}, "no record of the student bob. Choose from: Lee/Kim"),
        ("junit", {"exercises": ["tyo"]}, "no record of the exercise tyo. Choose from: second, toy"),
        ("junit", {"db": "none.db"}, "There is no store"),
        ("junit", {"records": "none"}, "There are no records"),
        ("junit", {"records": "broken.json"}, "broken.json is no record: it is not valid JSON"),
        ("junit", {"records": "other.json"}, "other.json is no record of dot2vit: its field student is missing"),
        ("junit", {"records": "nan.json"}, "its field points is missing or of another kind"),
        ("junit", {"records": "twice.json"}, "ann has two records of toy"),
        ("junit", {"records": "empty"}, "empty holds no records"),
        ("junit", {"out": "empty"}, "empty is a folder, and junit is one file"),
        ("exercism", {"out": "broken.json"}, "a file a record, and there are 4. Give a folder"),
        ("junit", {"out": "broken.json/x"}, "could not be written"),
        ("canvas", {}, "--template"),
        ("canvas", {"template": "none.csv"}, "template .*none.csv cannot be read"),
        ("canvas", {"columns": ["toy"]}, "--column is EXERCISE=TITLE"),
        ("moodle", {}, "--roster"),
        ("moodle", {"roster": "none.csv"}, "There is no roster"),
        ("github", {}, "one student's results, not 3"),
        ("nbgrader", {"records": "visible.json"}, "results of grader check"),
    ],
)
def test_a_mistake_of_the_user_is_one_sentence_and_changes_nothing(world, export, name, options, said):
    (world / "empty").mkdir()
    (world / "broken.json").write_text("{")
    (world / "other.json").write_text('[{"points": 3}]')
    record = GRADES[0].to_record()
    (world / "nan.json").write_text(json.dumps(record | {"points": float("nan")}))
    (world / "twice.json").write_text(json.dumps([record, record]))
    (world / "visible.json").write_text(json.dumps(record | {"visible_only": True}))
    (world / "out").write_text("as it was")
    places = {field: world / options[field] for field in ("template", "roster") if field in options}
    with pytest.raises(UserError, match=said):
        export(name, **options | places)
    assert (world / "out").read_text() == "as it was"
    assert (world / "broken.json").read_text() == "{"


def test_the_formats_are_listed():
    listed = io.StringIO()
    run.list_formats(Console(file=listed, width=200))
    assert [line.split()[0] for line in listed.getvalue().splitlines()] == [format.name for format in FORMATS]


def test_added_words_are_in_the_language_of_the_records(world, export):
    record = grade("ann", verdict="failed").to_record() | {"language": "ko"}
    record["checks"][0] |= {"message": "틀렸어요.", "draw_command": "grader draw toy"}
    (world / "korean.json").write_text(json.dumps([record]))
    export("junit", records="korean.json")
    text = (world / "out").read_text()
    assert "틀렸어요." in text and "grader draw toy" in text
    assert "Draw inputs" not in text
    export("junit", records="korean.json", lang="en")
    assert "Draw inputs of this kind yourself: grader draw toy" in (world / "out").read_text()


# A student's own: the step of the workflow


def test_the_steps_of_the_classroom_workflow(toy_course, toy, run_grader, tmp_path):
    """As its shell does: exit status 1 is a check that did not pass; what it exports is a line for $GITHUB_OUTPUT."""
    shutil.copytree(toy_course.root / "exercises", tmp_path / "exercises")
    (tmp_path / "exercises" / "toy.py").write_text(toy.reference_source)
    checked = run_grader("check", "--json", "result.json", cwd=tmp_path)
    assert checked.returncode == 1, checked.stderr
    records = json.loads((tmp_path / "result.json").read_text())
    assert [(r["exercise"], r["visible_only"], r["sandbox"], r["points"], r["max_points"]) for r in records] == [
        ("toy", True, "none", 4, 4),
        ("second", True, "none", 0, 1),
    ]
    exported = run_grader("export", "github", "--records", "result.json", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    name, _, encoded = exported.stdout.partition("=")
    results = json.loads(base64.b64decode(encoded))
    assert (name, exported.stdout.count("\n"), results["max_score"]) == ("result", 1, 5)
    assert sum(test["score"] for test in results["tests"]) == 4


def test_the_results_of_a_check_that_cannot_be_written_are_one_sentence(toy_course, run_grader, tmp_path):
    done = run_grader("check", "toy", "--json", tmp_path / "none" / "result.json", cwd=toy_course.root)
    assert done.returncode == 2
    assert "could not be written" in done.stderr


def test_the_classroom_workflow_is_as_classroom_wants_it(request):
    """The names that the reporter's README asks for, and the environment variable that its src/main.js reads."""
    path = request.config.rootpath / WORKFLOWS.format("classroom", "classroom.yml")
    workflow = yaml.safe_load(path.read_text())
    assert workflow["name"] == "Autograding Tests"
    assert list(workflow["jobs"]) == ["run-autograding-tests"]
    steps = workflow["jobs"]["run-autograding-tests"]["steps"]
    reporter = steps[-1]
    assert reporter["uses"] == "classroom-resources/autograding-grading-reporter@v1"
    runner = reporter["with"]["runners"]
    assert list(reporter["env"]) == [f"{runner.upper()}_RESULTS"]
    ids = [step["id"] for step in steps if "id" in step]
    assert reporter["env"][f"{runner.upper()}_RESULTS"] == f"${{{{ steps.{ids[0]}.outputs.result }}}}"


@pytest.mark.parametrize("place", [("classroom", "classroom.yml"), ("classroom-instructor", "grade.yml")])
def test_each_command_in_a_workflow_is_one_of_ours(request, place):
    path = request.config.rootpath / WORKFLOWS.format(*place)
    steps = [
        step["run"]
        for job in yaml.safe_load(path.read_text())["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]
    lines = [line.split() for step in steps for line in step.splitlines() if line.startswith("grader ")]
    assert {line[1] for line in lines} <= {"check", "export", "batch"} and lines
    assert any("-c constraints.txt" in step for step in steps)  # pinned
