"""A student's notebook in JupyterLab, in a browser: red, then filled in, then green, and a picture of their own code.

SCREENSHOTS=DIR keeps pictures of the page, to be looked at.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from grader.course import load_course
from grader.notebook.cells import parts_of
from grader.notebook.written import write_notebooks

pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: pip install '.[test]'")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[test]'")

# A busy machine takes minutes; zmq and asyncio are not ours to judge.
pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]
PROJECT = Path(__file__).parent.parent.parent
PATIENCE = 240_000  # ms
KEY = 15_000  # so long after a key the cell shows that it runs, unless JupyterLab has dropped it
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
SETTINGS = {
    # All cells are in the page, also those that are scrolled out of sight.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
}


@pytest.fixture
def folder(tmp_path):
    """A student's folder: the course without solutions, and attention as a notebook in a folder of its own."""
    shutil.copytree(PROJECT / "exercises", tmp_path / "exercises")
    course = load_course(tmp_path / "exercises" / "course.toml")
    write_notebooks([course.exercise("attention")], tmp_path / "notebooks")
    return tmp_path


@pytest.fixture
def jupyterlab(folder, tmp_path_factory):
    """The address of a JupyterLab that serves the folder, with settings of its own."""
    home = tmp_path_factory.mktemp("home")
    for name, settings in SETTINGS.items():
        file = home / "lab" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "LC_", "DOT2VIT"))}
    env |= {"HOME": str(home), "IPYTHONDIR": str(home / "ipython"), "LANG": "C.UTF-8", "PYTHONPATH": str(PROJECT)}
    env |= {f"JUPYTER_{part}_DIR": str(home / part.lower()) for part in ("CONFIG", "DATA", "RUNTIME")}
    env |= {"JUPYTERLAB_SETTINGS_DIR": str(home / "lab"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}
    options = [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1", "--no-browser"]
    options += [f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=secret", "--allow-root"]
    log = home / "log"
    with open(log, "wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], cwd=folder, env=env, stdout=out, stderr=out
        )
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + PATIENCE / 1000
        while not _answers(f"{address}/api?token=secret"):
            assert server.poll() is None and time.monotonic() < end, log.read_text()[-3000:]
            time.sleep(0.3)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except OSError:
        return False


@pytest.fixture
def page():
    """A page of a headless browser."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with playwright.sync_playwright() as started:
        path = chromium or started.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("no chromium: install it, or run `playwright install chromium`")
        browser = started.chromium.launch(executable_path=path, args=QUIET)
        try:
            page = browser.new_page(viewport={"width": 1100, "height": 1600})
            page.set_default_timeout(PATIENCE)
            yield page
        finally:
            browser.close()


def code_cell(page, text):
    """The code cell that holds this text."""
    return page.locator(".jp-CodeCell").filter(has=page.locator(".jp-InputArea-editor", has_text=text)).first


def run(page, cell):
    """Shift+Enter in a cell, until it is done; pressed again where nothing comes of it.

    JupyterLab drops what is run before the notebook has its kernel, and its indicator may say idle too early.
    """
    prompt = cell.locator(".jp-InputArea-prompt")
    before = prompt.inner_text()
    for patience in (KEY, KEY, KEY, PATIENCE):
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        try:
            playwright.expect(prompt).not_to_have_text(before, timeout=patience)
            break
        except AssertionError:
            if patience == PATIENCE:
                raise
    playwright.expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=PATIENCE)


def fill_in(page, cell, text):
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)


def marks(cell):
    return cell.locator(".dot2vit table.checks td:first-child").all_inner_texts()


def keep(page, cell, name):
    """A screenshot of a cell, where somebody wants to look at it."""
    if os.environ.get("SCREENSHOTS"):
        cell.screenshot(path=Path(os.environ["SCREENSHOTS"]) / f"{name}.png")


def test_from_red_to_green_in_jupyterlab(folder, jupyterlab, page):
    page.goto(f"{jupyterlab}/lab/tree/notebooks/attention.ipynb?token=secret")
    check = code_cell(page, "%check attention")
    check.wait_for()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    guide = page.locator(".jp-MarkdownCell img")
    guide.first.wait_for(state="attached")
    assert guide.first.evaluate("image => image.complete && image.naturalWidth > 300")

    for text in ("%load_ext grader", "import math", "def softmax", "def scaled_dot_product", "def seq2seq_attention"):
        run(page, code_cell(page, text))
    run(page, check)
    red = marks(check)
    assert len(red) == 10 and set(red) == {"○"}
    output = check.locator(".dot2vit")
    playwright.expect(output).to_contain_text("Scaled dot-product attention: 0 of 10 visible checks pass.")
    playwright.expect(output).to_contain_text("Not started: softmax still holds its TODO.")
    assert not check.locator("[data-mime-type='application/vnd.jupyter.stderr'], .jp-RenderedText pre").count()
    keep(page, check, "red")

    solutions = {part.name: part.source for part in parts_of((PROJECT / "solutions" / "attention.py").read_text())}
    wrong = solutions["softmax"].replace("return", "return 2 *", 1)
    fill_in(page, code_cell(page, "def softmax"), wrong)
    run(page, code_cell(page, "def softmax"))
    run(page, check)
    assert marks(check)[0] == "✗"
    keep(page, check, "wrong")

    for name in ("softmax", "scaled_dot_product_attention", "seq2seq_attention"):
        cell = code_cell(page, f"def {name}(")
        fill_in(page, cell, solutions[name])
        run(page, cell)
    run(page, check)
    assert marks(check) == ["✓"] * 10
    playwright.expect(output).to_contain_text("10 of 10 visible checks pass.")
    green = check.locator(".dot2vit td.green").first.evaluate("cell => getComputedStyle(cell).color")
    keep(page, check, "green")

    show = code_cell(page, "%show attention")
    run(page, show)
    picture = show.locator(".jp-OutputArea-output img")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 300")
    keep(page, show, "picture")

    page.evaluate("document.body.dataset.jpThemeLight = 'false'")  # as a dark theme says it
    assert check.locator(".dot2vit td.green").first.evaluate("cell => getComputedStyle(cell).color") != green

    page.keyboard.press("ControlOrMeta+s")
    saved = folder / "notebooks" / "attention.ipynb"
    end = time.monotonic() + 60
    while "2 *" in saved.read_text() or "BEGIN SOLUTION" not in saved.read_text():
        assert time.monotonic() < end
        time.sleep(0.3)
    command = [sys.executable, "-m", "grader", "check", "attention"]
    env = os.environ | {"PYTHONPATH": str(PROJECT), "LANG": "C.UTF-8"}
    done = subprocess.run(command, cwd=saved.parent, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
