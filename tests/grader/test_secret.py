"""grader/secret.py: what hidden inputs are drawn from."""

import os
import stat

import pytest

from grader.errors import UserError
from grader.secret import instructor_secret


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    monkeypatch.delenv("DOT2VIT_SECRET", raising=False)


def test_it_is_made_once_and_for_its_owner_only(tmp_path):
    first = instructor_secret(tmp_path)
    assert len(first) == 64
    assert instructor_secret(tmp_path) == first
    assert stat.S_IMODE((tmp_path / ".dot2vit" / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / ".dot2vit").stat().st_mode) == 0o700


def test_two_courses_have_two(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert instructor_secret(tmp_path / "a") != instructor_secret(tmp_path / "b")


def test_the_environment_goes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("DOT2VIT_SECRET", "mine")
    assert instructor_secret(tmp_path) == b"mine"
    assert not (tmp_path / ".dot2vit").exists()


def test_an_empty_secret_is_none(tmp_path):
    """Left by a run that was killed between making the file and writing it: its inputs could be drawn by anybody."""
    (tmp_path / ".dot2vit").mkdir()
    (tmp_path / ".dot2vit" / "secret").touch()
    try:
        assert len(instructor_secret(tmp_path)) == 64
    except UserError as error:
        assert "secret" in str(error)


def test_a_secret_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / ".dot2vit").touch()
    with pytest.raises(UserError, match="DOT2VIT_SECRET"):
        instructor_secret(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_secret_of_somebody_else_is_one_sentence(tmp_path):
    instructor_secret(tmp_path)
    (tmp_path / ".dot2vit" / "secret").chmod(0)
    with pytest.raises(UserError, match="cannot be read"):
        instructor_secret(tmp_path)
