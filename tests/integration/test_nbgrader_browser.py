"""nbgrader's own pages in JupyterLab, in a real browser, over a course that `grader nbgrader` made and filled.

The tests go through the class in an instructor's order: look at it, grade by hand, grade again, give feedback.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from grader.course import find_course
from grader.leaks import find_leaks, needles_of
from grader.store import Store

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")

pytestmark = pytest.mark.timeout(600)
PROJECT = Path(__file__).parent.parent.parent
TOKEN = "token"
# nbgrader's pages load MathJax from a public server. This stands in its place, so that the tests need no network.
MATHJAX = "window.MathJax = {Hub: {Config() {}, Configured() {}, Startup: {signal: {Interest() {}}}}};"
# Without chromium's own sandbox, which it refuses to root: the pages are our own.
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

RIGHT = (
    "import numpy as np\n\n\ndef linear(x, weight, bias):\n    return np.einsum('...i,oi->...o', x, weight) + bias\n"
)
HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'> **bold**"
CLASS = {
    "kim": ("Kim, Minjun", RIGHT),
    "lee": ("이 서연", RIGHT.replace("+ bias", "- bias")),
    "park": ("O'Park <b>", f"def linear(x, weight, bias):\n    raise KeyError({HOSTILE!r})\n"),
}
SHOWN = {"kim": "Kim, Minjun", "lee": "이, 서연", "park": "<b>, O'Park"}
CELL = "test_linear"  # the check that is scored by hand


def run(folder, *command):
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def environment():
    return os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(PROJECT),
        "DOT2VIT_SECRET": "secret",
        "LANG": "C.UTF-8",
    }


def grader(*arguments):
    return run(PROJECT, sys.executable, "-m", "grader", *map(str, arguments))


def push(folder):
    where = ["--db", folder / "grades.db", "--submissions", folder / "class", "--roster", folder / "roster.csv"]
    return grader("nbgrader", "push", folder / "course", *where)


@pytest.fixture(scope="module")
def world(tmp_path_factory, require_sandbox):
    """A small class, graded by `grader batch` and pushed: the folder of everything."""
    folder = tmp_path_factory.mktemp("browser")
    roster = ["student,name"]
    for student, (name, source) in CLASS.items():
        (folder / "class" / student).mkdir(parents=True)
        (folder / "class" / student / "dot.py").write_text(source, encoding="utf-8")
        roster.append(f'{student},"{name}"')
    (folder / "roster.csv").write_text("\n".join(roster), encoding="utf-8")
    grader("nbgrader", "init", folder / "course", "dot")
    with open(folder / "course" / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write('c.SandboxGrades.device = "none"\n')
        config.write(f"c.Exchange.root = {str(folder / 'exchange')!r}\n")
    (folder / "exchange").mkdir(mode=0o777)
    grader("batch", folder / "class", "--db", folder / "grades.db", "--only", "dot", "--device", "none")
    push(folder)
    return folder


@pytest.fixture(scope="module")
def lab(world):
    """JupyterLab in the course's folder, with the extensions that nbgrader brings: its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    options = ["--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    options.append("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")
    options.append("--LabApp.news_url=None")
    own = {f"JUPYTER_{name}_DIR": str(world / "jupyter" / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    own["IPYTHONDIR"] = str(world / "jupyter" / "ipython")
    with open(world / "lab.log", "w") as log:
        server = subprocess.Popen(
            [*command, *options], cwd=world / "course", env=environment() | own, stdout=log, stderr=log
        )
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            assert server.poll() is None, (world / "lab.log").read_text()
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5).close()
                break
            except (urllib.error.URLError, TimeoutError):
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def browser():
    playwright.expect.set_options(timeout=60_000)
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no chromium is installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(lab, browser):
    """A page that is logged in; what went wrong in it is in `site.faults`."""
    context = browser.new_context(base_url=lab, viewport={"width": 1300, "height": 900})
    foreign = re.compile(rf"https?://(?!{re.escape(lab.removeprefix('http://'))})")
    context.route(foreign, lambda route: route.fulfill(body=MATHJAX, content_type="text/javascript"))
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda message: message.type == "error" and page.faults.append(message.text))
    page.goto(f"/lab?token={TOKEN}")
    yield page
    context.close()


@pytest.fixture(autouse=True)
def no_console_error(site):
    site.faults.clear()
    yield
    assert site.faults == []


def open_submission(site, student):
    """By way of "Manual Grading", as a person does; returns when scores and comments have come."""
    site.goto("/formgrader/gradebook/dot/dot")
    playwright.expect(site.get_by_text(f"Submission #{len(CLASS)}")).to_be_visible()
    site.get_by_text("Show All Names").click()
    with site.expect_response("**/api/comments?**"), site.expect_response("**/api/grades?**"):
        site.get_by_role("link", name=SHOWN[student], exact=True).click()
    playwright.expect(site.locator(f"#{CELL}")).to_have_attribute("placeholder", re.compile(r"\d"))


def records(world):
    with Store(str(world / "grades.db")) as store:
        return {record["student"]: record for record in store.records()}


def test_formgrader_opens_in_the_lab(site):
    site.goto("/lab")
    site.locator(".lm-MenuBar-item", has_text="Nbgrader").click()
    site.locator(".lm-Menu-item", has_text="Formgrader").first.click()
    row = site.frame_locator("iframe").locator("tr", has=site.frame_locator("iframe").get_by_text("dot", exact=True))
    playwright.expect(row).to_contain_text("3")


def test_the_class_has_its_scores(site, world):
    site.goto("/formgrader/manage_submissions/dot")
    for student, record in records(world).items():
        row = site.locator("tr", has=site.locator(f"td.student-id:text-is('{student}')"))
        playwright.expect(row).to_contain_text(SHOWN[student])
        playwright.expect(row).to_contain_text(f"{record['points']:g} / {record['max_points']:g}")
        playwright.expect(row).to_contain_text("graded")


def test_manual_grading_shows_the_code_and_what_the_checks_said(site, world):
    open_submission(site, "park")
    assert HOSTILE in site.locator("#notebook-container").first.inner_text(), "the student's code, as text"
    for check in records(world)["park"]["checks"]:
        cell = site.locator(".nbgrader_cell", has=site.locator(f"#{check['name']}"))
        playwright.expect(cell).to_contain_text(check["title"])
        comment = site.locator(f"#{check['name']}-comment")
        first_line = check["message"].split("\n")[0]
        said = comment.get_attribute("placeholder").replace("\n    ", " ")
        assert " ".join(first_line.split()) in " ".join(said.split())
        assert comment.input_value() == "", "what a person writes there is a comment of theirs"
    assert site.evaluate("window.hacked") is None


def test_a_score_and_a_comment_of_a_person_stay(site, world):
    open_submission(site, "lee")
    with site.expect_response("**/api/grade/*") as saved:
        site.locator(f"#{CELL}").fill("0.75")
        site.keyboard.press("Tab")
    assert saved.value.ok
    with site.expect_response("**/api/comment/*") as saved:
        site.locator(f"#{CELL}-comment").fill("The sign, see me")
        site.keyboard.press("Tab")
    assert saved.value.ok
    points = records(world)["lee"]["points"] + 0.75

    push(world)
    assert_kept(site, points)
    autograde(site, "lee", records(world)["lee"])
    assert_kept(site, points)


def autograde(site, student, record):
    """By formgrader's own button: in our sandbox, started from JupyterLab's process."""
    site.goto("/formgrader/manage_submissions/dot")
    row = site.locator("tr", has=site.locator(f"td.student-id:text-is('{student}')"))
    row.locator("td.autograde a").click()
    modal = site.locator(".modal-dialog")
    playwright.expect(modal).to_contain_text("Successfully autograded 'dot'")
    playwright.expect(modal).to_contain_text(f"{student} dot {record['points']:g}/{record['max_points']:g}")


def assert_kept(site, points):
    open_submission(site, "lee")
    playwright.expect(site.locator(f"#{CELL}")).to_have_value("0.75")
    playwright.expect(site.locator(f"#{CELL}-comment")).to_have_value("The sign, see me")
    site.goto("/formgrader/manage_submissions/dot")
    row = site.locator("tr", has=site.locator("td.student-id:text-is('lee')"))
    playwright.expect(row).to_contain_text(f"{points:g} / 20")


@pytest.mark.parametrize("student", ["park", "kim"])
def test_feedback_holds_each_sentence_and_nothing_hidden(site, world, student):
    site.goto("/formgrader/manage_submissions/dot")
    row = site.locator("tr", has=site.locator(f"td.student-id:text-is('{student}')"))
    row.locator("td.generate-feedback a").click()
    playwright.expect(site.locator(".modal-dialog")).to_contain_text("Successfully generated feedback")

    site.goto((world / "course" / "feedback" / student / "dot" / "dot.html").as_uri())
    text = " ".join(site.locator("body").inner_text().split())
    record = records(world)[student]
    for check in record["checks"]:
        assert check["title"] in text
        assert " ".join(check["message"].split()) in text
    assert f"(Score: {record['points']:g}" in text
    assert (HOSTILE in text) == (student == "park")
    assert site.evaluate("window.hacked") is None
    hidden = {
        text: place for text, place in needles_of(find_course(PROJECT)).items() if place.startswith("tests/hidden/")
    }
    assert find_leaks([world / "course" / "feedback", world / "course" / "autograded"], hidden) == []
