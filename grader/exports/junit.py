"""JUnit XML, as pytest writes it with junit_family=xunit2: a test suite a record, a test case a check."""

import re
from typing import Any
from xml.etree import ElementTree

from ..i18n import N_
from ..result import Verdict
from ..text import plain
from .format import Format, Made, Material, Record
from .wording import feedback, is_open, needs_review

_NOT_XML = re.compile("[\ufffe\uffff]")  # what `plain` leaves and XML 1.0 does not allow


def junit(records: list[Record]) -> bytes:
    """All records as one document, UTF-8."""
    root = ElementTree.Element("testsuites", name="dot2vit")
    root.extend(_suite(record) for record in records)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(record: Record) -> ElementTree.Element:
    name = _clean(".".join(part for part in (record["student"], record["exercise"]) if part))
    cases = [_case(check, name) for check in record["checks"]]
    suite = ElementTree.Element(
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time=_seconds(sum(check["seconds"] for check in record["checks"])),
    )
    properties = ElementTree.SubElement(suite, "properties")
    hidden = {"points"} if needs_review(record) else set()  # a sum without what is open would pass for a grade
    for field in ("points", "max_points", "needs_review", "course_version", "device", "sandbox"):
        if field in record and field not in hidden:
            ElementTree.SubElement(properties, "property", name=field, value=_clean(str(record[field])))
    suite.extend(cases)
    if record["output"]:
        ElementTree.SubElement(suite, "system-out").text = _clean(record["output"])
    return suite


def _case(check: dict[str, Any], suite: str) -> ElementTree.Element:
    """failure: the student's; error: the grader's own; skipped: could not be judged."""
    case = ElementTree.Element("testcase", classname=suite, name=_clean(check["name"]), time=_seconds(check["seconds"]))
    if check["verdict"] == Verdict.PASSED:
        return case
    kind = "error" if check["verdict"] == Verdict.GRADER_ERROR else "skipped" if is_open(check) else "failure"
    found = ElementTree.SubElement(case, kind, type=_clean(check["verdict"]), message=_clean(check["title"]))
    found.text = _clean(feedback(check))
    return case


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _clean(text: str) -> str:
    return _NOT_XML.sub("·", plain(text))


def _make(material: Material) -> Made:
    return Made(junit(material.records))


FORMAT = Format("junit", N_("JUnit XML (xunit2), for CI systems"), _make)
