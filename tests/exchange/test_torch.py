"""PyTorch's own files, and PyTorch beside crnn. It is large: what needs it is in the long run."""

from __future__ import annotations

import io
import os
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exchange.models import difference, logits, random_model, same

from crnn.exchange import ExchangeError, export, import_model
from crnn.exchange.torch import is_one

MODEL = random_model(5, 4, "float64")


def module(V: int, H: int, dtype: str) -> Any:
    """Return the module that docs/howto/exchange.md shows, with weights of its own."""
    import torch

    class CharRNN(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.rnn = torch.nn.RNN(V, H)
            self.linear = torch.nn.Linear(H, V)
            self.register_buffer("code_points", torch.arange(V))

        def forward(self, x: Any, h: Any = None) -> Any:
            one_hot = torch.nn.functional.one_hot(x, self.rnn.input_size)
            hs, h = self.rnn(one_hot.to(self.linear.weight.dtype), h)
            return self.linear(hs), h

    return CharRNN().to(getattr(torch, dtype))


def run(network: Any, x: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    import torch

    with torch.no_grad():
        y, h = network(torch.from_numpy(x))
    return y.numpy(), h[0].numpy()


@pytest.mark.long
@pytest.mark.parametrize("file", ["m.pt", "m.safetensors"])
@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize(("V", "H", "factor"), [(1, 1, 1), (27, 16, 4), (65, 100, 1)])
def test_pytorch_predicts_the_same(
    tmp_path: Path, file: str, dtype: str, bound: float, V: int, H: int, factor: float
) -> None:
    import safetensors.torch
    import torch

    model = random_model(V, H, dtype, factor=factor)
    export(model, tmp_path / file, to="torch")
    if file == "m.pt":
        weights = torch.load(tmp_path / file, weights_only=True)
    else:
        weights = safetensors.torch.load_file(tmp_path / file)
    network = module(V, H, dtype)
    network.load_state_dict(weights)
    for T in (1, 100):
        x = np.random.default_rng(T).integers(0, V, (T, 2))
        y, h = run(network, x)
        expected, last = logits(model, x)
        assert difference(y, expected) <= bound
        assert difference(h, last) <= bound
    assert same(import_model(tmp_path / file), model)


@pytest.mark.long
def test_a_module_of_pytorch_becomes_a_model(tmp_path: Path) -> None:
    import torch

    torch.manual_seed(1)
    network = module(7, 6, "float32")
    torch.save(network.state_dict(), tmp_path / "m.pt")
    model = import_model(tmp_path / "m.pt")
    assert model.vocab.code_points.tolist() == list(range(7))
    x = np.random.default_rng(1).integers(0, 7, (20, 3))
    assert difference(run(network, x)[0], logits(model, x)[0]) <= 1e-5


class Hostile:
    """What runs a command when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("ran",)


@pytest.mark.long
def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    torch.save({"rnn.weight_ih_l0": Hostile()}, "m.pt")
    with pytest.raises(ExchangeError, match="damaged, or holds more than tensors: Weights only"):
        import_model("m.pt")
    assert os.listdir(tmp_path) == ["m.pt"]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Validating sparse tensor invariants")
def test_what_is_no_state_dict(tmp_path: Path) -> None:
    import torch

    path = tmp_path / "m.pt"
    zero = torch.zeros(1)
    cases: list[tuple[Any, str]] = [
        ([1, 2], "holds a list, no tensors"),
        ({"rnn.weight_ih_l0": 1}, "rnn.weight_ih_l0 is a int, expected a tensor"),
        ({"rnn.weight_ih_l0": zero.expand(10**6, 10**6)}, "is sparse, quantized or larger than"),
        ({"rnn.weight_ih_l0": torch.eye(2).to_sparse()}, "is sparse, quantized or larger than"),
        ({"rnn.weight_ih_l0": torch.eye(2, device="meta")}, "is sparse, quantized or larger than"),
        ({"x.weight": torch.eye(2)}, "has no weight_ih_l0, only x.weight; expected the state_dict"),
    ]
    half = {
        name: part.to(torch.bfloat16) for name, part in module(3, 2, "float32").state_dict().items()
    }
    cases.append((half, "rnn.weight_ih_l0 is of type bfloat16, expected float64 or float32"))
    for saved, expected in cases:
        torch.save(saved, path)
        with pytest.raises(ExchangeError, match=expected):
            import_model(path)


@pytest.mark.long
def test_cut_and_packed_files(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    export(MODEL, path)
    data = path.read_bytes()
    for length in range(0, len(data), 101):
        path.write_bytes(data[:length])
        with pytest.raises(ExchangeError):
            import_model(path)
    packed = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(io.BytesIO(data)) as old, packed as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    with pytest.raises(ExchangeError, match=r"has packed entries, which torch\.save never writes"):
        import_model(path)


def test_such_a_file_is_recognised_without_pytorch() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("m/data.pkl", pickle.dumps({}))
    assert is_one(file.getvalue())
    assert not is_one(b"PK no archive")


def test_reading_without_pytorch_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as archive:
        archive.writestr("m/data.pkl", pickle.dumps({}))
    with pytest.raises(ImportError, match=r"pip install 'crnn\[torch\]'"):
        import_model(tmp_path / "m.pt")
