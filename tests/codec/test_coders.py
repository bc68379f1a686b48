"""Coders: payloads that nobody wrote end soon."""

from __future__ import annotations

import pytest
from proof.packing import bytes_model, model

from crnn.codec.coders import ModelCoder, OnlineCoder
from crnn.codec.container import PIECE, Frame
from crnn.codec.learning import Learning


@pytest.mark.parametrize("payload", [b"\0", b"\x55" * 9, b"\xff\xff"])
def test_a_short_payload_of_many_events_is_left_early(payload: bytes) -> None:
    frame = Frame(PIECE, PIECE, 0, payload)
    told: list[float] = []
    for rnn in (model(), bytes_model()):
        coder = ModelCoder(rnn, "utf-8")
        assert coder.found(frame, told.append) is None
        assert coder._decoder.position < 40 * (len(payload) + 1)
    learner = OnlineCoder(Learning())
    assert learner.found(frame, told.append) is None
    assert learner._learner.position < 40 * (len(payload) + 1)
    assert all(part < 1e-3 for part in told)
