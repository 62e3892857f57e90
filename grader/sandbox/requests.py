"""What a worker is asked and what its answer says, whichever way it was started and whatever it is reached by."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch

from .inside.fault import Fault
from .inside.protocol import Encoder, ProtocolError, decode, pack
from .inside.session import Outcome
from .limits import Limits


class Requests(ABC):
    """The two requests to a worker. Either raises TimedOut, OutOfMemory or Crashed; the worker is gone then."""

    limits: Limits

    def load(
        self, source: str, filename: str, forbidden: dict[str, list[str]], companions: Mapping[str, str] | None = None
    ) -> Outcome:
        """Have the submission's source run. companions: other files that it may import, by module name."""
        message = {
            "source": source,
            "filename": filename,
            "forbidden": forbidden,
            "companions": dict(companions or {}),
            "answer_bytes": self.limits.answer_mb * 2**20,
        }
        return self._exchange(pack(message, {}))

    def perform(self, verb: str, request: dict[str, Any]) -> Outcome:
        """Have one request carried out."""
        encoder = Encoder(keep_layout=True)
        return self._exchange(pack({"verb": verb, "request": encoder.encode(request)}, encoder.arrays))

    @abstractmethod
    def _exchange(self, frame: bytes) -> Outcome:
        """Send a frame, and wait for the answer within the limits."""


def read_outcome(message: dict[str, Any], arrays: dict[str, torch.Tensor]) -> Outcome:
    """The outcome that an unpacked answer stands for. Raises ProtocolError for what is no answer."""
    try:
        mutated = tuple(str(place)[:200] for place in list(message.get("mutated") or [])[:50])
        if "too_large" in message:
            fault = Fault("too_large", message=str(message["too_large"])[:300])
            return Outcome(fault=fault)
        if message.get("fault") is not None:
            return Outcome(fault=Fault.from_json(message["fault"]), mutated=mutated)
        return Outcome(decode(message["value"], arrays), None, mutated)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, OverflowError, RecursionError) as error:
        raise ProtocolError(f"an answer that cannot be read ({type(error).__name__})") from None
