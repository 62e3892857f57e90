"""The report in a real browser, opened from a file: contents, sorting, filtering, languages, accessibility, no network."""

import shutil
from dataclasses import replace

import pytest

from grader.course import find_course
from grader.record import Settings, new_grade
from grader.report.clusters import Cluster
from grader.report.final import Final
from grader.report.gather import gather
from grader.report.make import draft_of
from grader.report.pages import titles, write_pages
from grader.result import CheckResult, Verdict
from grader.similarity.compare import Pair
from grader.similarity.ranking import Ranked, Ranking
from grader.similarity.sides import Side
from grader.standing.adjustments import Adjustment
from grader.standing.final import final_points
from grader.store import Counted, Outcome
from grader.submission import Submission

playwright = pytest.importorskip("playwright.sync_api", reason="no playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
HOSTILE = '<img src="http://example.org/x" onerror="document.title=1"><script>document.title=2</script>'
STUDENTS = [f"student-{number:02}" for number in range(1, 13)] + ["김서준", HOSTILE, "x" * 400]
SPEED = {
    "race": "test_attention_speed",
    "function": "scaled_dot_product_attention",
    "device": "cpu x86_64",
    "measures": "time",
}


def a_grade(course, exercise, student, number):
    """The better, the lower the number; student-03 has something open, 김서준 handed nothing in."""
    names = list(titles(exercise))
    checks = []
    for place, name in enumerate(names):
        verdict = Verdict.PASSED if place + number < len(names) else Verdict.FAILED
        verdict = Verdict.MISSING if student == "김서준" else verdict
        check = CheckResult(name, f"title of {name}", verdict, float(verdict == "passed"), 1.0, 0.1 * number)
        if verdict == Verdict.FAILED:
            check.message, check.draw_command = f"expected 1, came {HOSTILE}", "grader draw"
            if number % 2:
                check.misconception, check.hint = exercise.misconceptions[number % 4].id, "a hint"
        checks.append(check)
    measured = {"verdict": str(checks[0].verdict), "ratio": 1 + number / 3, "allowed": 3.5, "seconds": 0.1}
    checks[0].speed = SPEED | measured
    if student == "student-03":
        checks[-1].verdict = Verdict.GRADER_ERROR
    grade = new_grade(course, exercise, Submission(student, exercise.name, "x"), Settings(), checks, "")
    grade.notes = [f"read as CP949: {HOSTILE}"] if number == 5 else []
    return grade.to_record()


def similar(course):
    """Of attention two pairs, the second of which is the unusual one; dot cannot be judged."""
    source = f"# {HOSTILE}\n" + "def agree(q, k):\n    return q @ k\n" * 12
    at = source.index("return q @ k")

    def ranked(first, second, is_unusual):
        sides = Side(first, source, [(at, at + 12)], 7.5), Side(second, source, [(at, at + 12)])
        return Ranked(Pair(first, second, 0.97, 120.4, 9.1), is_unusual, sides)

    pairs = [ranked("student-01", "student-02", False), ranked(HOSTILE, "x" * 400, True)]
    return [
        Ranking(course.exercise("dot"), len(STUDENTS), len(STUDENTS), False, 0.4, []),
        Ranking(course.exercise("attention"), len(STUDENTS), 1, True, 0.4, pairs),
    ]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    course = find_course()
    exercises = [course.exercise("dot"), course.exercise("attention")]
    records = {}
    for number, student in enumerate(STUDENTS):
        for exercise in exercises:
            records[f"{student} {exercise.name}"] = a_grade(course, exercise, student, number)
    grades = sorted((Outcome.of_record(record, key) for key, record in records.items()), key=lambda one: one.student)
    shown = gather(course, exercises, grades, records.__getitem__)
    word = Adjustment("student-02", "attention", points=-1.0, text=HOSTILE, author="prof")
    standing = final_points(Counted.of_record(records["student-02 attention"]), adjustments=[word])
    example = "def dot(a, b):\n    return '</pre><script>document.title=3</script>'"
    shown.findings[0].clusters = [
        Cluster(("student-02", HOSTILE), {"test_dot_shape": HOSTILE}, "dot", HOSTILE, example),
        Cluster(("student-04",), {"test_dot_shape": "x"}, "dot", "student-04", example),
    ]
    folder = tmp_path_factory.mktemp("report") / "report"
    names = {student: f"Name {number}" for number, student in enumerate(STUDENTS)}
    more = {"similar": similar(course), "final": Final([standing], 1)}
    with draft_of(folder) as draft:
        write_pages(replace(shown, names=names, mentions=[HOSTILE], with_clusters=True, **more), draft, ["en", "ko"])
    return folder


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, report):
    """visit(name, width=…): the page. Whatever it says on the console or asks of the network fails the test."""
    wrong = []
    contexts = []

    def go(name, width=1280):
        context = browser.new_context(viewport={"width": width, "height": 800})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith("file://") or wrong.append(asked.url))
        page.goto((report / name).as_uri())
        return page

    yield go
    for context in contexts:
        context.close()
    assert wrong == []


def first_cells(page, table):
    return page.eval_on_selector_all(
        f"#{table} tbody tr:not([hidden]) > :first-child", "all => all.map(x => x.innerText)"
    )


def test_the_first_page_says_what_the_records_say(visit):
    page = visit("index.html")
    assert page.title().startswith("Report on the class")
    assert len(first_cells(page, "class-table")) == len(STUDENTS)
    row = page.locator("#class-table tr", has=page.get_by_text("student-03", exact=True))
    assert row.locator("td.open").count() == 2 and "+ ?" in row.locator("td.total").inner_text()
    assert HOSTILE in page.locator("#class-table").inner_text()
    sections = page.locator("section").evaluate_all("all => all.map(x => x.id)")
    assert " ".join(sections) == "class points final exercises items mistakes unnamed similar review notes"
    assert page.locator("#final tbody tr").count() == 1 and HOSTILE in page.locator("#final tbody").text_content()
    assert page.locator("#review tbody tr").count() == 2 and page.locator("#notes tbody tr").count() == 2
    assert page.locator("img").evaluate_all("all => all.every(x => x.naturalWidth > 100 && x.alt)")


def test_an_exercise_has_its_checks_its_map_and_its_speed(visit):
    course = find_course()
    page = visit("attention.html")
    checks = titles(course.exercise("attention"))
    assert page.locator("#checks-table tbody tr").count() == len(checks)
    assert page.locator("#map-table tbody tr").count() == len(STUDENTS)
    assert page.locator("#map-table tbody tr").first.locator("td").count() == len(checks) + 1
    assert next(iter(checks.values())) in page.locator("#checks-table").text_content()
    assert "3.5" in page.locator("section[aria-labelledby=speed] tbody").text_content()
    assert page.locator("img[src$='-speed.svg']").evaluate("x => x.naturalWidth > 100")


def test_a_cluster_shows_its_example_as_text(visit):
    page = visit("dot.html")
    assert page.locator(".cluster").count() == 2
    assert "</pre><script>" in page.locator(".cluster pre").first.text_content()


def test_similar_files_are_ranked_and_a_link_lays_them_side_by_side(visit):
    page = visit("index.html")
    section = page.locator("#similar")
    assert "Likeness is no proof" in section.text_content()
    assert "dot: Cannot be judged" in section.text_content()
    rows = section.locator("tbody tr")
    assert rows.count() == 2
    assert "look at both" in rows.first.text_content() and HOSTILE in rows.first.text_content()
    rows.first.get_by_role("link", name="attention 2").click()
    assert page.url.endswith("/attention-similar.html#attention-2")
    sides = page.locator("#attention-2")
    assert sides.is_visible() and not page.locator("#attention-1").is_visible()
    assert sides.locator("pre").evaluate_all("all => all.map(x => x.querySelector('mark').innerText)") == (
        ["return q @ k"] * 2
    )
    assert HOSTILE in sides.locator("pre").first.text_content()
    page.emulate_media(media="print")
    assert page.locator("#attention-1").is_visible()


def test_sorting_by_mouse_and_by_keyboard(visit):
    page = visit("index.html")
    total = page.locator("#class-table th", has_text="total")
    total.get_by_role("button").click()
    assert total.get_attribute("aria-sort") == "ascending"

    def points():
        texts = page.locator("#class-table td.total").evaluate_all("all => all.map(x => Number(x.dataset.v))")
        return texts

    assert points() == sorted(points()) and len(set(points())) > 5
    total.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert total.get_attribute("aria-sort") == "descending"
    assert points() == sorted(points(), reverse=True)
    assert page.locator("#class-table th[aria-sort]").count() == 1
    # What is open has no number, and comes last either way.
    dot = page.locator("#class-table th", has_text="dot").get_by_role("button")
    for _ in range(2):
        dot.click()
        assert first_cells(page, "class-table")[-1] == "student-03"


def test_filtering_by_name_and_by_state(visit):
    page = visit("index.html")
    form = page.locator("form[data-table=class-table]")
    form.get_by_label("Student").fill("김서")
    assert first_cells(page, "class-table") == ["김서준"]
    assert form.locator("output").inner_text() == f"1 / {len(STUDENTS)}"
    form.get_by_label("Student").fill("STUDENT-1")
    assert first_cells(page, "class-table") == ["student-10", "student-11", "student-12"]
    form.get_by_label("Student").fill("")
    form.get_by_label("Show").select_option("review")
    assert first_cells(page, "class-table") == ["student-03"]
    form.get_by_label("Show").select_option("lacking")
    assert first_cells(page, "class-table") == ["김서준"]


def test_both_languages(visit):
    page = visit("dot.html")
    page.get_by_role("link", name="한국어").click()
    assert page.url.endswith("/dot.ko.html")
    assert page.locator("html").get_attribute("lang") == "ko"
    assert "np.dot과 브로드캐스팅" in page.locator("h1").inner_text()
    assert "dot_shape는 벡터와 행렬에 대해" in page.locator("#checks-table").text_content()
    page.get_by_role("navigation").first.get_by_role("link", name="attention").click()
    assert page.url.endswith("/attention.ko.html")
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("name", ["index.html", "attention.html", "dot.html", "attention-similar.html"])
def test_a_phone_scrolls_the_tables_and_not_the_page(visit, name):
    page = visit(name, width=360)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    wide = page.locator(".scroll, .side pre").first
    assert wide.evaluate("x => x.scrollWidth > x.clientWidth") == ("similar" not in name)


@pytest.mark.parametrize("name", ["index.html", "dot.ko.html", "attention.html", "attention-similar.ko.html"])
def test_axe_finds_nothing(visit, name):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-playwright-python")
    page = visit(name)
    page.evaluate("document.querySelectorAll('details.pair').forEach(part => part.open = true)")
    # Without preload: axe would ask for the style sheet a second time, which the page's own policy refuses.
    found = axe.Axe().run(page, options={"preload": False}).response["violations"]
    assert [(each["id"], each["impact"], each["nodes"][0]["html"][:200]) for each in found] == []
