"""The untrusted process: it loads one submission and answers requests about it until the channel closes.

It holds the student's source and nothing else. What it sends is only ever an answer, never a verdict or a time.
"""

import os
import sys
from typing import Any, Protocol

import numpy as np
import torch

from .fault import describe
from .protocol import HEADER, AnswerTooLarge, Encoder, decode, pack, unpack
from .session import Outcome, Session

READ_BYTES = 2**18


class Channel(Protocol):
    """What a worker uses of a socket."""

    def recv(self, count: int, /) -> bytes: ...

    def sendall(self, data: bytes, /) -> None: ...


def prepare(gpu: bool = False, trains: bool = False) -> None:
    """Settle what every check relies on, and touch what the first call of a fresh interpreter would import or allocate."""
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False  # float32 is float32 in every check
    x = torch.ones(2, 2, requires_grad=True)
    loss = (torch.nn.functional.softmax(x @ x, -1) ** 2).sum()
    if not gpu:  # autograd starts a thread for every device, and CUDA does not survive a fork once it was started
        torch.autograd.grad(loss, [x])
    layer = torch.nn.Linear(2, 2)
    layer(x)
    if trains:
        torch.optim.Adam(layer.parameters())
    np.random.default_rng(0).standard_normal(3) @ np.ones(3)


def serve(channel: Channel) -> None:
    """Greet, then answer one request at a time."""
    send(channel, {"hello": os.getpid()}, {})
    message, _ = receive(channel)
    session = Session(message["source"], message["filename"], message["forbidden"], message["companions"])
    answer_bytes = int(message["answer_bytes"])
    reply(channel, session.load(as_main_file=True), session.filename, answer_bytes)
    while True:
        message, arrays = receive(channel)
        request: dict[str, Any] = decode(message["request"], arrays, as_arguments=True)
        reply(channel, session.perform(message["verb"], request), session.filename, answer_bytes)


def reply(channel: Channel, outcome: Outcome, filename: str, answer_bytes: int) -> None:
    """Send an outcome; an answer that is too large is named instead of sent."""
    encoder = Encoder(max_bytes=answer_bytes)
    try:
        if outcome.fault is not None:
            frame = pack({"fault": outcome.fault.to_json(), "mutated": list(outcome.mutated)}, {})
        else:
            message = {"value": encoder.encode(outcome.value), "mutated": list(outcome.mutated)}
            frame = pack(message, encoder.arrays)
    except AnswerTooLarge as error:
        frame = pack({"too_large": str(error)}, {})
    except BaseException as error:  # the student's: an answer may run code of theirs while it is read
        frame = pack({"fault": describe(error, filename).to_json()}, {})
    channel.sendall(frame)


def send(channel: Channel, message: dict[str, Any], arrays: dict[str, torch.Tensor]) -> None:
    channel.sendall(pack(message, arrays))


def receive(channel: Channel) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The next message. One is outstanding at a time, so whatever has come belongs to it."""
    buffer = bytearray()
    wanted = HEADER.size
    while len(buffer) < wanted:
        received = channel.recv(READ_BYTES)
        if not received:
            sys.exit(0)  # the end of the channel is the end of this process
        buffer += received
        if wanted == HEADER.size and len(buffer) >= wanted:
            text_length, blob_length = HEADER.unpack_from(buffer)
            wanted += text_length + blob_length
    text_end = HEADER.size + text_length
    parts = memoryview(buffer)  # of which a slice is no copy
    return unpack(bytes(parts[HEADER.size : text_end]), bytes(parts[text_end:]))
