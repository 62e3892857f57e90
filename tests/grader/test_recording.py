"""grader/recording.py: what students get in the place of the reference."""

import numpy as np
import pytest
import torch

from grader import i18n
from grader.diagnose import same_step
from grader.errors import GraderFault
from grader.recording import Hint, Recording, load_recording
from grader.sandbox.inside.fault import Fault, Frame
from grader.sandbox.inside.protocol import ModuleRef
from grader.sandbox.inside.session import Outcome
from grader.subject import Step

VALUES = [torch.ones(2, 3), np.arange(3), 1.5, (torch.zeros(1), None), {"a": torch.ones(1)}, ModuleRef(1), "text", True]


def test_a_recording_comes_back_as_it_was(tmp_path):
    steps = [Step("call", "f", Outcome(value, None, ("f:1",))) for value in VALUES]
    recording = Recording({"test_a": steps}, {"test_a": {"toy-x": steps[:2]}}, {"toy-x": Hint("e", "ㅎ")}, 7, 20.5)
    recording.save(tmp_path / "data" / "toy.safetensors")
    came = load_recording(tmp_path / "data" / "toy.safetensors")
    assert (came.hidden_checks, came.hidden_points, came.hints) == (7, 20.5, recording.hints)
    assert all(map(same_step, came.reference["test_a"], steps))
    assert len(came.misconceptions["test_a"]["toy-x"]) == 2


def test_the_same_recording_gives_the_same_bytes():
    recording = Recording({"test_a": [Step("call", "f", Outcome(torch.ones(2)))]})
    assert recording.to_bytes() == recording.to_bytes()


def test_no_line_of_a_misconceptions_code_is_in_it():
    fault = Fault(
        "raised", "ValueError", "no", ("ValueError",), (Frame(3, "f", "SECRET = line"),), {"detail": "SECRET"}
    )
    data = Recording({"test_a": [Step("call", "f", Outcome(fault=fault))]}).to_bytes()
    assert b"SECRET" not in data


def test_a_hint_speaks_the_readers_language():
    assert Hint("e", "ㅎ").text == "e"
    i18n.set_language("ko")
    assert Hint("e", "ㅎ").text == "ㅎ"


@pytest.mark.parametrize(
    "data", [None, b"", b"nonsense", Recording().to_bytes()[:20]], ids=["missing", "empty", "nonsense", "cut"]
)
def test_a_broken_recording_says_what_to_do(tmp_path, data):
    path = tmp_path / "toy.safetensors"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(GraderFault, match=r"toy\.safetensors is missing or broken .* `grader sync`"):
        load_recording(path)


def test_other_arrays_are_no_recording(tmp_path):
    import safetensors.torch

    safetensors.torch.save_file({"a": torch.ones(1)}, tmp_path / "x.safetensors")
    with pytest.raises(GraderFault):
        load_recording(tmp_path / "x.safetensors")
