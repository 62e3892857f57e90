"""Korean is complete: every message of the grader, every sentence of a check, and the compiled catalogue in step."""

import ast
import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from grader import i18n

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = i18n.LOCALE_FOLDER / "grader.pot"
KOREAN = i18n.LOCALE_FOLDER / "ko" / "LC_MESSAGES" / "grader.po"
COMPILED = KOREAN.with_suffix(".mo")
CHECK_FILES = sorted([*ROOT.glob("exercises/checks/test_*.py"), *ROOT.glob("tests/hidden/test_*.py")])
HANGUL = re.compile("[가-힣]")
PLACEHOLDER = re.compile(r"\{(\w*)\}")
UPDATE = "run `make messages` and translate what is new in grader/locale/ko/LC_MESSAGES/grader.po"


def messages_of_the_grader() -> set[str]:
    """Every string that is given to `_()`."""
    with open(ROOT / "babel.cfg", encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # as `make messages` does: modules, and templates of pages
    found = extract_from_dir(str(ROOT / "grader"), methods, options, keywords=DEFAULT_KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found if isinstance(message, str)}


def calls(path: Path, name: str) -> list[ast.Call]:
    """The calls of the function `name` in a file."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [
        node
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def text_argument(call: ast.Call, name: str, position: int | None = None) -> str:
    """A string argument; "" where there is none, or where it is made when the check runs."""
    values = [word.value for word in call.keywords if word.arg == name]
    if position is not None:
        values += call.args[position : position + 1]
    return str(values[0].value) if values and isinstance(values[0], ast.Constant) else ""


def names_of_answers() -> set[str]:
    """What the checks call the answers that they compare: `assert_close` translates it, with what N_ marks in its place."""
    found = {text_argument(call, "what", 2) for path in CHECK_FILES for call in calls(path, "assert_close")}
    marked = {text_argument(call, "message", 0) for path in CHECK_FILES for call in calls(path, "N_")}
    return (found | marked) - {""}


def english_in_placeholders(call: ast.Call) -> list[str]:
    """Words given to a placeholder of a name without N_."""
    keywords = {word.arg: word.value for word in call.keywords if word.arg not in ("what", "tolerance", "ko", "en")}
    return [
        f"{name}={ast.unparse(value)}"
        for name, value in keywords.items()
        if isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and " " in str(value.value))
    ]


def read_catalogue(path: Path) -> Catalog:
    with open(path, "rb") as file:
        return read_po(file, locale="ko")


@pytest.fixture(scope="module")
def korean() -> Catalog:
    return read_catalogue(KOREAN)


def test_every_message_is_translated(korean: Catalog) -> None:
    wanted = messages_of_the_grader() | names_of_answers()
    translated = {message.id for message in korean if message.id and message.string and not message.fuzzy}
    assert len(wanted) > 50
    assert wanted <= translated, f"not in Korean: {sorted(wanted - translated)}; {UPDATE}"


def test_nothing_is_translated_that_is_said_no_more(korean: Catalog) -> None:
    wanted = messages_of_the_grader() | names_of_answers()
    assert not {message.id for message in korean if message.id} - wanted, UPDATE


def test_template_and_translation_hold_the_same_messages(korean: Catalog) -> None:
    assert {message.id for message in read_catalogue(TEMPLATE)} == {message.id for message in korean}, UPDATE


def test_placeholders_are_those_of_the_message(korean: Catalog) -> None:
    for message in korean:
        if message.id:
            assert sorted(PLACEHOLDER.findall(message.id)) == sorted(PLACEHOLDER.findall(message.string)), message.id


def test_compiled_catalogue_is_the_translation(korean: Catalog) -> None:
    compiled = read_mo(BytesIO(COMPILED.read_bytes()))
    said = {message.id: message.string for message in compiled if message.id}
    assert said == {message.id: message.string for message in korean if message.id}, UPDATE


@pytest.mark.parametrize("path", CHECK_FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_check_has_a_korean_sentence(path: Path) -> None:
    marks = calls(path, "check")
    assert marks, "no check in this file"
    for call in marks + calls(path, "require") + calls(path, "require_share"):
        value = next((word.value for word in call.keywords if word.arg == "ko"), None)
        assert value is not None, f"{path.name}, line {call.lineno}: no ko="
        assert HANGUL.search(ast.unparse(value)), f"{path.name}, line {call.lineno}: ko= is not Korean"


@pytest.mark.parametrize("path", CHECK_FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_name_of_an_answer_can_be_translated(path: Path) -> None:
    for call in calls(path, "assert_close"):
        given = [word.value for word in call.keywords if word.arg == "what"] or call.args[2:3]
        where = f"{path.name}, line {call.lineno}"
        assert not given or text_argument(call, "what", 2), (
            f"{where}: what={ast.unparse(given[0])} is not a plain string"
        )
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("assert_"):
            assert not english_in_placeholders(node), (
                f"{path.name}, line {node.lineno}: {english_in_placeholders(node)}"
            )


@pytest.fixture
def speak():
    """Choose a language for this test only."""
    before = i18n.language()
    yield i18n.set_language
    i18n.set_language(before)


def test_language_is_spoken(speak) -> None:
    speak("ko")
    assert i18n._("passed") == "통과"
    assert i18n.pick("a", "가") == "가"
    assert i18n.pick("a", "") == "a"
    speak("en")
    assert i18n._("passed") == "passed"
    assert i18n.pick("a", "가") == "a"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8"}, "ko"),
    ],
)
def test_language_follows_the_locale(
    speak, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert speak(None) == expected
