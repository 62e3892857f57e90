"""Pages of feedback and of similarity in a real browser: no outside request, no error, no finding of axe, no sideways scrolling."""

import shutil

import pytest
from rich.console import Console

from grader.course import find_course
from grader.feedback.make import make_feedback
from grader.result import CheckResult, Grade, Verdict
from grader.similarity.make import show_similarity
from grader.store import Store
from grader.submission import Submission

playwright = pytest.importorskip("playwright.sync_api", reason="drives the browser")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="looks for barriers")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
HOSTILE = (
    "</code></pre><script>document.title = 'run'</script><img src=https://example.org/x onerror=alert(1)>\u202e"
    + "w" * 900
)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Feedback in both languages, and a comparison, on right solutions to which something hostile was added."""
    folder = tmp_path_factory.mktemp("pages")
    exercise = find_course().exercise("attention")
    sources = {f"s{number}": variant.source for number, variant in enumerate(exercise.alternatives[:6])}
    sources["s6"] = sources["s0"] + f"\n# {HOSTILE}\n"
    for student, source in sources.items():
        (folder / "class" / student).mkdir(parents=True)
        (folder / "class" / student / exercise.filename).write_text(source, encoding="utf-8")
    line = next(number for number, text in enumerate(sources["s6"].split("\n"), 1) if "raise ValueError" in text)
    raised = f"Your code raised ValueError\n  line {line}, agree: {sources['s6'].split(chr(10))[line - 1].strip()}"
    checks = [
        CheckResult("test_a", HOSTILE, Verdict.FAILED, 0.0, 2.0, 0.1, HOSTILE, hint="What is added?"),
        CheckResult("test_b", "It raises nothing.", Verdict.ERROR, 0.0, 1.0, 0.1, raised),
        CheckResult("test_c", "It is fast.", Verdict.INCONCLUSIVE, 0.0, 1.0, 0.1, "The times scattered too much."),
    ]
    sha256 = Submission("s6", "attention", sources["s6"]).sha256
    with Store(str(folder / "grades.db")) as store:
        store.save(
            [("1", Grade("s6", "attention", checks, sha256, "1", "0", "cpu", "bwrap", "en", [HOSTILE], HOSTILE))]
        )
    console = Console(quiet=True)
    for lang in ("en", "ko"):
        make_feedback(console, folder / lang, str(folder / "grades.db"), submissions=folder / "class", lang=lang)
    show_similarity(console, console, folder / "class", None, ["attention"], folder / "pairs.html", 5)
    return [folder / "en" / "s6" / "feedback.html", folder / "ko" / "s6" / "feedback.html", folder / "pairs.html"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("width", [360, 1200])
def test_pages_are_safe_and_without_barriers(browser, pages, width):
    for path in pages:
        page = browser.new_page(viewport={"width": width, "height": 900})
        seen = []
        page.on("request", lambda request, seen=seen: seen.append(request.url))
        page.on("console", lambda message, seen=seen: seen.append(message.text))
        page.on("pageerror", lambda error, seen=seen: seen.append(str(error)))
        page.on("dialog", lambda dialog, seen=seen: seen.append(dialog.message))
        page.goto(path.as_uri())
        assert seen == [path.as_uri()] and page.title() != "run"
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        findings = axe.Axe().run(page).response["violations"]
        assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in findings] == []
        page.close()


def test_the_line_is_marked_and_the_matching_parts_too(browser, pages):
    page = browser.new_page()
    page.goto(pages[0].as_uri())
    assert "raise ValueError" in page.locator(".line.marked").inner_text()
    assert page.locator(".line.marked + .remark").is_visible()
    page.goto(pages[2].as_uri())
    first = page.locator("details").first
    assert "s0" in first.locator("summary").inner_text() and "s6" in first.locator("summary").inner_text()
    first.locator("summary").click()
    assert first.locator("mark").first.is_visible()
    page.close()
