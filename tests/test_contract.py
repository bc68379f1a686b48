"""The arithmetic contract: its page, its second implementation and crnn agree to the bit."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.random import PCG64, SeedSequence
from oracle import contract
from oracle.contract import FLOAT32, FLOAT64, Array, Type

from crnn import core, descent, digests, initial, probe, seeding
from crnn.digests import Case
from crnn.memory import Buffer
from crnn.model import views

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = (ROOT / "docs" / "explanation" / "contract.md").read_text(encoding="utf-8")
SETTINGS: Final = (
    *("dtype", "V", "H", "T", "B", "optimizer", "learning_rate", "clip"),
    *("windows", "characters", "text_seed", "seed", "options", "uses"),
)
TYPES: Final = pytest.mark.parametrize("t", [FLOAT32, FLOAT64], ids=str)


def section(title: str) -> str:
    """Return the page from a heading to the next of its level."""
    level = title.split()[0]
    found = re.search(rf"^{re.escape(title)}\n(.*?)(?=^#{{2,{len(level)}}} |\Z)", PAGE, re.M | re.S)
    assert found, f"docs/explanation/contract.md has no heading {title!r}"
    return found[1]


# --- Whole trainings ------------------------------------------------------------------------------


def agree(case: Case, isa: str | None = None, threads: int = 1) -> None:
    """Fail where the second implementation and crnn differ: array, element, both values."""
    right = digests.outcome(case, isa, threads)
    case = replace(case, digests={name: digests.digest(array) for name, array in right.items()})
    got = contract.outcome(**{name: getattr(case, name) for name in SETTINGS})
    assert list(got) == list(right)
    got = {name: array.reshape(right[name].shape) for name, array in got.items()}
    if digests.wrong_arrays(case, got):
        pytest.fail(digests.describe_difference(case, "docs/explanation/contract.md", got, right))


def case_of(t: Type, optimizer: str, V: int, H: int, T: int, B: int, **others: Any) -> Case:
    settings = {
        "learning_rate": 0.1 if optimizer == "adagrad" else 0.01,
        "clip": 5.0,
        "windows": 200,
        "characters": B * 29,
        "text_seed": 7,
        "seed": 11,
    } | others
    name = f"V{V}-H{H}-T{T}-B{B}-{optimizer}-{t}"
    return Case(name, t.name, V, H, T, B, optimizer=optimizer, quick=True, digests={}, **settings)


@pytest.mark.long
@TYPES
@pytest.mark.parametrize(
    ("optimizer", "sizes"), [("adagrad", (5, 4, 3, 1)), ("adam", (3, 5, 2, 2))]
)
def test_two_hundred_windows_agree(
    t: Type, optimizer: str, sizes: tuple[int, int, int, int]
) -> None:
    agree(case_of(t, optimizer, *sizes))


@TYPES
@pytest.mark.parametrize(
    ("sizes", "settings"),
    [
        ((19, 6, 2, 1), {"windows": 5}),
        ((35, 3, 1, 3), {"windows": 3}),
        ((5, 4, 3, 2), {"windows": 9, "characters": 2 * 10}),  # ends where the text wraps
        ((4, 3, 3, 1), {"windows": 3, "characters": 5}),  # the shortest text
        ((4, 3, 2, 2), {"windows": 9, "characters": 13}),  # one character left over
        ((5, 4, 3, 1), {"windows": 9, "clip": 1e-3}),
        ((5, 4, 3, 1), {"windows": 9, "learning_rate": 1e30}),
    ],
)
@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_odd_sizes_and_settings_agree(
    t: Type, optimizer: str, sizes: tuple[int, int, int, int], settings: dict[str, Any]
) -> None:
    agree(case_of(t, optimizer, *sizes, **settings))


STEEP: Final = {"learning_rate": float("inf"), "windows": 3}
"""After a window or two, all is NaN."""
THREE_PARTS: Final = [0, 1, 2, 9, 30, 31, 33, 40, 59, 61, 66]
"""Documents in three parts of 22: of one character, at and over borders."""


@TYPES
@pytest.mark.parametrize(
    ("optimizer", "options", "settings"),
    [
        ("sgd", {"dropout": 0.4}, STEEP),
        ("adamw", {"starts": [0, 3, 5], "weight_decay": 1.0}, STEEP),
        ("adagrad", {"clip_norm": 1.0}, STEEP),
        ("rmsprop", {"clip_norm": 0.0, "weight_decay": 1e-300}, {}),
        ("rmsprop", {"decay_rate": 0.0}, {"clip": 0.01}),
        ("sgd", {"dropout": 2.0**-17, "clip_norm": 1e-300}, {}),
        ("sgd", {"dropout": 1 - 2.0**-20}, {}),
        ("adam", {"frozen": ["Wxh", "Whh", "Why", "bh", "by"], "clip_norm": 0.1}, {}),
        ("adam", {"starts": THREE_PARTS, "dropout": 0.2}, {"B": 3, "characters": 67}),
        ("sgd", {"starts": [0]}, {"characters": 66}),
        ("sgd", {"starts": [0, 65, 67, 132]}, {"characters": 133, "windows": 20}),
        ("sgd", {"starts": [0, 1, 28]}, {}),  # one document to be read, over and over
        ("adam", {"beta1": 0.0, "beta2": 0.0}, {}),
    ],
    ids=str,
)
def test_odd_options_agree(
    t: Type, optimizer: str, options: dict[str, Any], settings: dict[str, Any]
) -> None:
    B = settings.get("B", 1)
    rest = {name: value for name, value in settings.items() if name != "B"}
    agree(case_of(t, optimizer, 5, 6, 4, B, **({"windows": 8, "options": options} | rest)))


RATES: Final = st.floats(0, 1)
COURSES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "schedule": st.sampled_from(["constant", "step", "cosine", "trapezoid"]),
    "warmup": st.integers(0, 5),
    "decay_every": st.integers(1, 3),
    "decay_factor": RATES,
    "final_rate": RATES,
    "decay_fraction": RATES,
    "steps": st.integers(1, 12),
}
"""Options that say what becomes of the learning rate."""


@st.composite
def documents(draw: st.DrawFn, characters: int, B: int) -> list[int] | None:
    """Return where documents begin, or None; in each part, one has two characters."""
    length = characters // B
    starts = draw(st.none() | st.sets(st.integers(1, characters - 1)))
    if starts is None:
        return None
    readable = draw(st.integers(0, length - 2))  # of each part, with what follows
    return sorted({0} | (starts - {b * length + readable + 1 for b in range(B)}))


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    """Return a small case with any options."""
    V, H = draw(st.integers(1, 18)), draw(st.integers(1, 18))
    T, B = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    characters = draw(st.integers(B * (T + 2), B * (T + 12)))
    usual = {
        "init": st.sampled_from(["normal", "orthogonal", "identity"]),
        "dropout": st.sampled_from([0.0, 0.25, 0.5, 0.9]),
        "starts": documents(characters, B),
        "frozen": st.lists(st.sampled_from(contract.Parameters._fields), unique=True),
        "clip_norm": st.sampled_from([1e-3, 0.3, 1.0, 10.0, float("inf")]),
        "weight_decay": RATES,
        "momentum": RATES,
        "decay_rate": RATES,
        "beta1": st.floats(0, 0.99),
        "beta2": st.floats(0, 0.999),
    }
    options = draw(st.fixed_dictionaries({}, optional=usual | COURSES))
    if options.get("starts", 0) is None:
        del options["starts"]
    t = draw(st.sampled_from([FLOAT32, FLOAT64]))
    optimizer = draw(st.sampled_from(sorted(contract.OPTIMIZERS)))
    rates = {
        "learning_rate": draw(st.sampled_from([1e-3, 0.1, 3.0])),
        "clip": draw(st.sampled_from([0.05, 5.0])),
    }
    others = {"windows": 5, "characters": characters, "options": options}
    return case_of(t, optimizer, V, H, T, B, **rates, **others)


TABLES: Final = st.sampled_from(core.available_isas())


@settings(max_examples=8)
@given(case=any_case(), isa=TABLES, threads=st.integers(1, 3))
def test_any_options_agree(case: Case, isa: str, threads: int) -> None:
    agree(case, isa, threads)


@pytest.mark.long
@settings(max_examples=600)
@given(case=any_case(), isa=TABLES, threads=st.integers(1, 3))
def test_many_options_agree(case: Case, isa: str, threads: int) -> None:
    agree(case, isa, threads)


@TYPES
def test_samples_that_end_at_a_nan_agree(t: Type) -> None:
    agree(case_of(t, "adam", 5, 4, 3, 1, windows=3, learning_rate=float("inf")))


def work(case: Case) -> int:
    return case.windows * case.T * (case.V + case.H)


SMALL: Final = [
    case
    for case in digests.cases()
    if work(case) < 1500 or not case.name.startswith(("V", "used-V31", "used-V300"))
]


def test_the_page_counts_the_cases_and_says_what_they_have_not() -> None:
    assert f"that {len(digests.cases())} small trainings leave behind" in " ".join(PAGE.split())
    options = section_11().split("* `options`")[1].split("* `characters`")[0]
    stated = options.split("in this order:")[1].strip(" .\n").replace("\n ", "").split(", ")
    words = {0: "0", 1: "1", (): "none", None: "not apart", np.inf: "infinity"}
    named = {contract.BETA1: "BETA1", contract.BETA2: "BETA2"}
    mine = contract.Options._field_defaults
    assert re.findall(r"`(\w+)`", options) == list(mine)
    assert stated == [(words | named).get(default, str(default)) for default in mine.values()]
    theirs = dict(re.findall(r'(\w+)=("\w+"|\(\)|[\w.]+)[,)]', source("src/crnn/descent.pyx")))
    for name in set(mine) - {"init", "dropout", "starts"}:
        promised = {"INFINITY": np.inf}.get(theirs[name]) or ast.literal_eval(theirs[name])
        assert promised == mine[name]


def test_the_small_cases_are_of_both_types_and_extremes() -> None:
    names = {case.name for case in SMALL}
    extremes = {"subnormal-V7-H15-T3-B1-adagrad", "overflowing-V7-H15-T3-B1-adagrad"}
    assert {f"{name}-{t}" for name in extremes for t in ("float32", "float64")} <= names
    assert {case.optimizer for case in SMALL} == set(contract.OPTIMIZERS)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=[] if case in SMALL else pytest.mark.long)
        for case in digests.cases()
    ],
)
def test_the_page_gives_the_promised_bytes(case: Case) -> None:
    got = contract.outcome(**{name: getattr(case, name) for name in SETTINGS})
    assert list(got) == list(case.digests)
    if digests.wrong_arrays(case, got):
        right = digests.outcome(case)
        got = {name: array.reshape(right[name].shape) for name, array in got.items()}
        pytest.fail(digests.describe_difference(case, "docs/explanation/contract.md", got, right))


# --- Parts of a training by themselves ------------------------------------------------------------


@given(
    options=st.fixed_dictionaries({}, optional=COURSES),
    learning_rate=st.floats(0, 10),
    lowering=RATES,
)
def test_learning_rates_agree(
    options: dict[str, Any], learning_rate: float, lowering: float
) -> None:
    net = core.Net(1, 1, True)
    optimizer = descent.Optimizer("sgd", learning_rate=learning_rate, **options)
    mine = contract.LearningRate(learning_rate, contract.Options(**options))
    optimizer.lowering = mine.lowering = lowering
    for s in range(12):
        optimizer.step(net, Buffer(memoryview(net.block).nbytes), s)
        assert optimizer.rate == mine.next()


@TYPES
@given(V=st.integers(1, 20), H=st.integers(1, 20), k=st.integers(1, 5), seed=st.integers(0, 9))
def test_added_characters_agree(t: Type, V: int, H: int, k: int, seed: int) -> None:
    old, net = core.Net(V, H, t == FLOAT64), core.Net(V + k, H, t == FLOAT64)
    initial.draw_weights(old, PCG64(seed), "orthogonal")
    by = views(old, old.block, t)["by"]
    by[:, 0] = np.random.default_rng(seed).standard_normal(V)
    initial.extend_weights(net, old, PCG64(seed + 1))
    mine = contract.with_more_characters(parameters_of(old, t), k, contract.Stream([seed + 1], []))
    for theirs, array in zip(parameters_of(net, t), mine, strict=True):
        assert same(theirs, array)


def parameters_of(net: core.Net, t: Type) -> contract.Parameters:
    arrays = {name: array.copy() for name, array in views(net, net.block, t).items()}
    return contract.Parameters(**(arrays | {name: arrays[name][:, 0] for name in ("bh", "by")}))


# --- Samples --------------------------------------------------------------------------------------


@TYPES
@given(
    by=st.lists(st.floats(-30, 1, width=32), min_size=1, max_size=40),
    silent=st.integers(0, 20),
    temperature=st.sampled_from([1.0, 1.1, 2.3]),
)
@example(by=[0.0] * 17, silent=16, temperature=1.0)
@example(by=[-0.5 * i for i in range(30)], silent=0, temperature=1.1)  # whose inverse is rounded
def test_coins_at_the_borders_of_every_character_agree(
    t: Type, by: list[float], silent: int, temperature: float
) -> None:
    """Also the greatest coin, and before characters that are impossible."""
    y = np.array(by + [-1e4] * silent, t)
    net = core.Net(len(y), 1, t == FLOAT64)
    views(net, net.block, t)["by"][:] = y[:, None]
    state = core.State(net)
    theirs = np.empty_like(y)
    state.predict(theirs)
    assert same(theirs, contract.softmax(y[None], t.type(1), t.type(1)).p[0])
    p = contract.softmax(y[None], t.type(1 / temperature), t.type(1)).p[0]
    for u in borders(p):
        ixes = np.empty(1, np.int32)
        assert state.copy().sample(1, temperature, bits_that_give(u), ixes, -1) == 1
        assert ixes[0] == contract.draw(p, u * 2.0**-53)


@TYPES
@given(V=st.integers(1, 40), H=st.integers(1, 20), gain=st.sampled_from([0.1, 3, 90]))
def test_logarithms_of_predictions_agree(t: Type, V: int, H: int, gain: float) -> None:
    net = core.Net(V, H, t == FLOAT64)
    initial.draw_weights(net, PCG64(V), "orthogonal")
    w = parameters_of(net, t)
    h = (np.random.default_rng(H).standard_normal(H) * gain).astype(t)
    state, theirs = core.State(net), np.empty(V, t)
    state.set(h)
    state.log_predict(theirs)
    assert same(theirs, contract.log_prediction(w, h))


def borders(p: Array) -> list[int]:
    """Return coins, times 2^53, around sums of the first elements; and the ends."""
    sums = np.cumsum(p, dtype=p.dtype).tolist() + [
        float(contract.treesum(p[:j])) for j in range(0, len(p), 16)
    ]
    near = {int(total * 2**53) + d for total in sums for d in (-1, 0, 1)}
    return sorted(u for u in near | {0, 2**53 - 1} if 0 <= u < 2**53)


def bits_that_give(u: int) -> PCG64:
    """Return a generator whose next raw number is u in its upper 53 bits."""
    bits = PCG64(0)
    state = bits.state
    inc = state["state"]["inc"]
    inverse = pow(0x2360ED051FC65DA44385DF649FCCF645, -1, 2**128)
    wanted = u << 11  # as the next state: its upper half is 0, so nothing turns or mixes it
    state["state"]["state"] = (wanted - inc) * inverse % 2**128
    bits.state = state
    return bits


@TYPES
@pytest.mark.parametrize("temperature", [0.0, 1e-310, 1e-45, 0.03, 2.0, 1e300])
def test_temperatures_agree(t: Type, temperature: float) -> None:
    net = core.Net(18, 7, t == FLOAT64)
    initial.draw_weights(net, PCG64(5))
    views(net, net.block, t)["by"][:] = np.linspace(1, 2, 18)[:, None]
    ixes = np.empty(30, np.int32)
    assert core.State(net).sample(30, temperature, PCG64(6), ixes, 3) == 30
    coins = contract.Stream([6], [])
    mine, _ = contract.sample(parameters_of(net, t), np.zeros(7, t), [3], coins, 30, temperature)
    assert mine == ixes.tolist()


# --- Numbers: test vectors of the page, NumPy -----------------------------------------------------


def test_raw_numbers_of_the_page() -> None:
    table = re.findall(r"^\| (none|\d) \| (0x\w{16} 0x\w{16} 0x\w{16}) \|$", section_11(), re.M)
    assert [key for key, _ in table] == ["none", "0", "1", "2"]
    for key, cell in table:
        spawn_key = [] if key == "none" else [int(key)]
        promised = [int(raw, 16) for raw in cell.split()]
        stream = contract.Stream([0], spawn_key)
        assert [stream.raw() for _ in promised] == promised
        assert PCG64(SeedSequence(0, spawn_key=spawn_key)).random_raw(3).tolist() == promised


def section_11() -> str:
    return section("## 11. Test vectors")


INTEGERS: Final = st.integers(0, 2**130)


@given(
    seed=INTEGERS | st.lists(INTEGERS, min_size=1, max_size=8),
    spawn_key=st.lists(INTEGERS, max_size=4),
    pool_size=st.integers(4, 9),
)
@example(seed=0, spawn_key=[], pool_size=4)
@example(seed=2**128, spawn_key=[0, 2**32], pool_size=8)
def test_raw_numbers_are_those_of_numpy(
    seed: int | list[int], spawn_key: list[int], pool_size: int
) -> None:
    sequence = SeedSequence(seed, spawn_key=spawn_key, pool_size=pool_size)
    integers = [seed] if isinstance(seed, int) else seed
    stream = contract.Stream(integers, spawn_key, pool_size)
    assert PCG64(sequence).random_raw(5).tolist() == [stream.raw() for _ in range(5)]


@given(seed=INTEGERS, spawn_key=st.lists(INTEGERS, max_size=2), key=st.integers(0, 2**32 - 1))
def test_children_are_those_of_crnn(seed: int, spawn_key: list[int], key: int) -> None:
    child = seeding.child(SeedSequence(seed, spawn_key=spawn_key), key)
    stream = contract.Stream([seed], [*spawn_key, key])
    assert child.random_raw(2).tolist() == [stream.raw() for _ in range(2)]


def test_spawn_keys_are_those_of_crnn_and_the_page() -> None:
    table = dict(
        re.findall(r"^\| (\w+ \w+) .*\| (\d) \|$", section("### What is drawn from where"), re.M)
    )
    keys = {"first weights": seeding.WEIGHTS, "units left": seeding.DROPOUT}
    keys["samples shown"] = seeding.TRAINING_SAMPLES
    assert {name: int(key) for name, key in table.items()} == keys
    assert (contract.WEIGHTS, contract.SAMPLES) == (seeding.WEIGHTS, seeding.TRAINING_SAMPLES)
    assert contract.DROPOUT == seeding.DROPOUT


def test_short_coins_of_the_page() -> None:
    rows = [
        row.split() for row in re.findall(r"^    (0x\w{4}(?: 0x\w{4}){4})$", section_11(), re.M)
    ]
    promised = [[int(coin, 16) for coin in row] for row in rows]
    coins = contract.Stream([0], [1])
    assert promised == [coins.short_coins(5) for _ in range(3)]


def test_values_of_falling_on_the_page() -> None:
    table = re.findall(r"^\| (0x\w{16}) \| (0x\w{16}) \|$", section_11(), re.M)
    assert len(table) == 8
    for u, promised in table:
        for function in (contract.falling, descent.falling):
            got = np.array([function(float(of_bits(u, 18)[0]))])
            assert same(got, of_bits(promised, 18)), (function, u)


@given(u=st.floats(0, 1))
def test_falling_agrees_anywhere(u: float) -> None:
    assert contract.falling(u) == descent.falling(u)


def test_normal_numbers_of_the_page() -> None:
    promised = re.findall(r"^    (-?0x\S+p\S+) (-?0x\S+p\S+)$", section_11(), re.M)
    numbers = [float.fromhex(number) for pair in promised for number in pair]
    assert len(numbers) == 6
    assert contract.Stream([0], [0]).normals(6).tolist() == numbers
    assert contract.Stream([0], [0]).normals(5).tolist() == numbers[:5]
    net = core.Net(1, 6, True)
    initial.draw_weights(net, seeding.child(SeedSequence(0), 0))
    drawn = views(net, net.block, FLOAT64)["Wxh"][:, 0]
    assert drawn.tolist() == [number * 0.01 for number in numbers]


FUNCTIONS: Final[tuple[Callable[[Array], Array], ...]] = (contract.exp, contract.tanh, contract.log)


def test_values_of_the_functions_on_the_page() -> None:
    table = re.findall(r"^\|" + r" (0x\w{8}|0x\w{16}|NaN) \|" * 4 + "$", section_11(), re.M)
    assert sorted({len(row[0]) for row in table}) == [10, 18]
    for row in table:
        x, *promised = (of_bits(cell, len(row[0])) for cell in row)
        for function, value in zip(FUNCTIONS, promised, strict=True):
            assert same(function(x), value), (function.__name__, row)


def of_bits(cell: str, width: int) -> Array:
    if cell == "NaN":
        return np.array([np.nan], {10: FLOAT32, 18: FLOAT64}[width])
    return np.array([int(cell, 16)], {10: "u4", 18: "u8"}[width]).view({10: "f4", 18: "f8"}[width])


def same(a: Array, b: Array) -> bool:
    """Whether arrays have the same bits, where a NaN is like any other."""
    return a.dtype == b.dtype and a.shape == b.shape and digests.digest(a) == digests.digest(b)


# --- Constants: the page, its second implementation, the sources ----------------------------------

HEX_FLOAT: Final = r"-?0x[\da-f]+(?:\.[\da-f]*)?p[+-]?\d+"


def source(name: str) -> str:
    """Return a source file without its comments in C."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def hex_floats(text: str) -> set[float]:
    """Return numbers without their sign, which a formula may have instead of the number."""
    return {abs(float.fromhex(number)) for number in re.findall(HEX_FLOAT, text.lower())}


def pairs(text: str) -> set[tuple[float, float]]:
    """Return what a source gives for either type."""
    return {
        (value(single), value(double))
        for single, double in re.findall(r"\bR\((.+?), (.+?)\)", text)
    }


def value(text: str) -> float:
    number = text.rstrip("u") if text.startswith("0x") else text
    if "0x" not in number or "p" in number:
        return float.fromhex(number.rstrip("f")) if "0x" in number else float(number.rstrip("f"))
    return float(int(number, 16)) if len(number) < 12 else int(number, 16)


def core_lists(text: str, pattern: str) -> list[list[str]]:
    return [re.findall(HEX_FLOAT, body) for body in re.findall(pattern, text, re.S | re.M)]


def test_coefficients_are_those_of_the_source_and_the_second_implementation() -> None:
    page, vmath = section("## 2. exp, tanh, log"), source("csrc/vmath.h")
    mine = {"exp": contract.EXP_CORE, "tanh": contract.TANH_CORE, "log": contract.LOG_CORE}
    for name, by_type in mine.items():
        double, single = core_lists(vmath, rf"real {name}_core\[\] = {{(.*?)}};")
        for t, theirs in ((FLOAT64, double), (FLOAT32, single)):
            (stated,) = core_lists(page, rf"^    {name}_core, {t}:\n(.*?)\n$")
            numbers = [float.fromhex(number) for number in stated]
            assert numbers == [float.fromhex(number) for number in theirs]
            assert numbers == [float(c) for c in by_type[t]]


def test_constants_are_those_of_the_source_and_the_second_implementation() -> None:
    page, vmath = section("## 2. exp, tanh, log"), source("csrc/vmath.h")
    page = page.replace(section("### falling(u)"), "")
    rows = re.findall(r"^\| ([A-Z\d_]+)(?: \(an integer\))? \| (\S+) \| (\S+) \|$", page, re.M)
    stated = {name: (value(single), value(double)) for name, single, double in rows}
    assert set(stated.values()) == pairs(vmath)
    for name, single, double in re.findall(r"^#define (\w+) R\((.+), (.+)\)$", vmath, re.M):
        assert stated[name] == (value(single), value(double))
    for name, values in stated.items():
        mine = getattr(contract, name)
        assert (mine[FLOAT32], mine[FLOAT64]) == values
    assert hex_floats(page) == hex_floats(vmath)


def test_numbers_of_the_optimizers_are_those_of_the_source() -> None:
    page, optimizer = section("### Adagrad"), source("csrc/optimizer.c")
    assert hex_floats(page) == hex_floats(optimizer)
    guess = re.search(r"\((\d+) \* \(bits\)EXPONENT_BIAS - R\((\d+), (\d+)\)\) << ", optimizer)
    assert guess
    times, single, double = map(int, guess.groups())
    assert f"number(0x{times * 127 - single << 16:08x} - " in page
    assert f"number(0x{times * 1023 - double << 45:016x} - " in page
    assert "<< (MANTISSA_BITS - 7);" in optimizer
    assert {(0.5, 0.5), (0.375, 0.375)} <= pairs(optimizer)


def test_coefficients_of_falling_are_those_of_the_source_and_the_second_implementation() -> None:
    (stated,) = core_lists(section("### falling(u)"), r"^    sine:\n(.*?)\n$")
    (theirs,) = core_lists(source("src/crnn/descent.pyx"), r"SINE\[\] = {(.*?)};")
    numbers = [float.fromhex(number) for number in stated]
    assert numbers == [float.fromhex(number) for number in theirs] == contract.SINE


def test_numbers_of_the_cython_sources_are_those_of_the_page() -> None:
    names = ("rng", "initial", "core", "descent", "training")
    sources = "".join(source(f"src/crnn/{name}.pyx") for name in names)
    theirs = dict(re.findall(rf"^ *#define (\w+) ({HEX_FLOAT})", sources, re.M))
    places = {
        "UNIT": r"is `\(raw >> 11\) \* 2\^(-53)`",
        "FIRST_SCALE": rf"`real\(normal \* ({HEX_FLOAT})\)`",
        "EPSILON": rf"`EPSILON` is {HEX_FLOAT} or ({HEX_FLOAT})",
        "OLD_LOSS": rf"`S := S \* ({HEX_FLOAT}) \+",
        "NEW_LOSS": rf"\+ loss \* ({HEX_FLOAT})`",
        "LN2": rf"`loss / T / ({HEX_FLOAT})`",
    }
    stated = {name: re.findall(place, PAGE) for name, place in places.items()}
    stated["UNIT"] = [(2.0 ** int(exponent)).hex() for exponent in stated["UNIT"]]
    assert {name: float.fromhex(number) for name, number in theirs.items()} == {
        name: float.fromhex(number) for name, (number,) in stated.items()
    }


def test_the_second_implementation_has_the_numbers_of_the_page_and_no_others() -> None:
    mine = Path(contract.__file__).read_text(encoding="utf-8").lower()
    stated = PAGE[: PAGE.index("## 11. Test vectors")]
    bits_per_character = section("## 8. Training").split("bits per character is")[1]
    assert hex_floats(bits_per_character) <= hex_floats(mine)  # ln 2 is LN2_HIGH too
    assert hex_floats(stated) == hex_floats(mine)
    assert hex_integers(stated) == hex_integers(mine)


def hex_integers(text: str) -> set[int]:
    return {int(number, 16) for number in re.findall(r"\b0x[\da-f]+\b(?![.p])", text)}


# --- exp, tanh, log: against every table ----------------------------------------------------------


def values(t: Type, count: int = 4000) -> Array:
    """Return special values, break points and their neighbours, numbers of all sizes."""
    limits = np.finfo(t)
    special = [0, limits.smallest_subnormal, limits.tiny, limits.max, np.inf, np.nan, limits.eps]
    breaks = [1, 2, 0.5, 2 / 3, 4 / 3, 20, 40, 10, float(contract.TANH_SMALL[t])]
    halves = [(k + 0.5) * np.log(2) * factor for k in range(40) for factor in (1, 0.5)]
    ends = [float(end[t]) for end in (contract.EXP_LEAST, contract.EXP_MOST)]
    with np.errstate(all="ignore"):  # of neighbours beyond the greatest, and of NaN
        x = np.array([*special, *breaks, *halves, *ends, 87.3, 103.3, 103.98, 708.4, 745.2], t)
        near = np.concatenate([x, np.nextafter(x, t.type(9e9)), np.nextafter(x, t.type(-9e9))])
        draws = np.random.default_rng(3)
        raw = draws.integers(0, 2 ** (8 * t.itemsize), count // 2, f"u{t.itemsize}").view(t)
        usual = draws.standard_normal(count // 2) * np.exp(draws.normal(0, 3, count // 2))
        return np.concatenate([near, -near, raw, usual.astype(t)])


def functions_agree(x: Array) -> None:
    for function in FUNCTIONS:
        mine = function(x)
        for isa in core.available_isas():
            theirs = np.empty_like(x)
            probe.evaluate(isa, function.__name__, x, theirs, x.dtype == FLOAT64)
            wrong = np.argwhere(digests.bits_of(theirs) != digests.bits_of(mine))
            if wrong.size:
                at = int(wrong[0, 0])
                argument, got, right = (digests.shown(array, (at,)) for array in (x, theirs, mine))
                pytest.fail(
                    f"{function.__name__}({argument}) on {isa} is {got}, the page's {right}"
                )


@TYPES
def test_functions_agree(t: Type) -> None:
    functions_agree(values(t))


@TYPES
@given(data=st.data())
def test_functions_agree_anywhere(t: Type, data: st.DataObject) -> None:
    functions_agree(np.array(data.draw(st.lists(any_number(t), min_size=1, max_size=40)), t))


def test_many_first_weights_agree() -> None:
    """They take the logarithm of thousands of numbers between 0 and 1."""
    net = core.Net(1, 3000, True)
    initial.draw_weights(net, PCG64(12))
    drawn = views(net, net.block, FLOAT64)["Wxh"][:, 0]
    mine = contract.Stream([12], []).normals(3000) * float.fromhex("0x1.47ae147ae147bp-7")
    assert same(np.ascontiguousarray(drawn), mine)


# --- fma ------------------------------------------------------------------------------------------


def any_number(t: Type) -> st.SearchStrategy[float]:
    """Return random bits, and numbers whose products and sums meet at every border of the type."""
    M, E = contract.M[t], contract.E[t]
    random_bits = st.integers(0, 2 ** (8 * t.itemsize) - 1).map(
        lambda i: float(np.array(i, f"u{t.itemsize}").view(t))
    )
    few_bits = st.builds(
        lambda sign, n, e: float(t.type(sign * np.ldexp(float(n), e))),
        st.sampled_from([-1, 1]),
        st.integers(0, 8) | st.integers(2**M - 4, 2 ** (M + 1) - 1) | st.integers(0, 2**M),
        st.integers(-E - M, E - M - 1)
        | st.integers(-(E + M) // 2 - 2, -(E + M) // 2 + 2)
        | st.integers((E - 2 * M) // 2 - 2, (E - 2 * M) // 2 + 2)
        | st.integers(-M - 2, 2),
    )
    special = st.sampled_from([0.0, -0.0, float("inf"), -float("inf"), float("nan")])
    return random_bits | few_bits | special


def nearest(exact: Fraction, t: Type) -> float:
    """Return a number other than 0 rounded to nearest, ties to even, by comparing neighbours."""
    limits = np.finfo(t)
    beyond = Fraction(float(limits.max)) + Fraction(2) ** (contract.E[t] - contract.M[t] - 1)
    if abs(exact) >= beyond:
        return float("inf") if exact > 0 else -float("inf")
    try:
        guess = t.type(exact.numerator / exact.denominator)  # at worst a neighbour
    except OverflowError:
        guess = limits.max if exact > 0 else limits.min
    guess = min(max(guess, limits.min), limits.max)
    near = [np.nextafter(guess, t.type(-np.inf)), guess, np.nextafter(guess, t.type(np.inf))]
    finite = [x for x in near if np.isfinite(x)]
    result = min(
        finite, key=lambda x: (abs(Fraction(float(x)) - exact), x.view(f"u{t.itemsize}") & 1)
    )
    return float(np.copysign(result, 1 if exact > 0 else -1))


def fma_of_fractions(a: float, b: float, c: float, t: Type) -> float:
    with np.errstate(invalid="ignore"):
        simple = np.float64(a) * np.float64(b) + np.float64(c)
    if not np.isfinite([a, b]).all():
        return float(simple)
    if not np.isfinite(c):
        return c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact != 0:
        return nearest(exact, t)
    return float(simple) if a * b == 0 == Fraction(a) * Fraction(b) else 0.0


def triples(a: Array, b: Array, c: Array) -> Iterator[tuple[float, float, float]]:
    return zip(a.tolist(), b.tolist(), c.tolist(), strict=True)


@TYPES
@given(data=st.data())
def test_fma_is_that_of_fractions(t: Type, data: st.DataObject) -> None:
    numbers = st.lists(any_number(t), min_size=1, max_size=12)
    a, b, c = (np.resize(np.array(data.draw(numbers), t), 12) for _ in range(3))
    if data.draw(st.booleans()):  # where the sum cancels, all but the product's rounding
        with np.errstate(all="ignore"):
            c = -(a * b) * t.type(data.draw(st.sampled_from([1, 1 + float(np.finfo(t).eps)])))
    with np.errstate(all="ignore"):
        promised = [fma_of_fractions(x, y, z, t) for x, y, z in triples(a, b, c)]
    assert same(contract.fma(a, b, c), np.array(promised, t))


@TYPES
def test_both_ways_to_fma_agree(t: Type) -> None:
    """Error-free sums and integers, on many usual numbers and on products that nearly cancel."""
    draws = np.random.default_rng(8)
    a, b, c = (draws.standard_normal((3, 3000)) * 2.0 ** draws.integers(-30, 30, (3, 3000))).astype(
        t
    )
    c[::3] = -(a * b)[::3]
    c[1::3] *= np.ldexp(t.type(1), draws.integers(-70, 70, 1000)).astype(t)
    c[2::9] = np.nextafter(-(a * b)[2::9], t.type(0))
    exact = [contract.exact_fma(x, y, z, t) for x, y, z in triples(a, b, c)]
    assert same(contract.fma(a, b, c), np.array(exact, t))
