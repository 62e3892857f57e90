"""The untrusted process: it loads one submission and answers requests about it until the channel closes.

It holds the student's source and nothing else. What it sends is only ever an answer, never a verdict or a time.
"""

import os
import socket
import sys
from typing import Any

import torch

from .fault import describe
from .protocol import HEADER, AnswerTooLarge, Encoder, decode, pack, unpack
from .session import Outcome, Session

READ_BYTES = 2**18


def serve(channel: socket.socket) -> None:
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


def reply(channel: socket.socket, outcome: Outcome, filename: str, answer_bytes: int) -> None:
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


def send(channel: socket.socket, message: dict[str, Any], arrays: dict[str, torch.Tensor]) -> None:
    channel.sendall(pack(message, arrays))


def receive(channel: socket.socket) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
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
