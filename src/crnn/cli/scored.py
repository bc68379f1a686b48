"""A text that is scored while it is read, and the ways to show that."""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final

from rich.console import Console

from crnn.analysis.lines import Line, scored_lines
from crnn.analysis.tally import Tally
from crnn.cli.output import guarded, in_terminal, write
from crnn.cli.rows import write_rows
from crnn.cli.shades import legend, shaded
from crnn.cli.tables import facts_table, percentage, show
from crnn.cli.visible import visible
from crnn.model import RNN
from crnn.score import Score
from crnn.training import bits_per_char

__all__ = ["Scored"]

_CHARACTERS: Final = {"position": int, "char": str, "nats": float, "rank": int, "entropy": float}
_LINES: Final = {
    "line": int, "bits_per_char": float, "nats": float, "characters": int, "text": str,
}  # fmt: skip
_BITS_OF_A_BYTE: Final = 8
_CONTAINER: Final = 250  # bytes


class Scored:
    """The scores of a text by a model; every method reads all of it.

    Parameters
    ----------
    model : RNN
    pieces : iterable of str
        The text.
    unknown : str
        What becomes of unknown characters, see `RNN.score`.
    apart : bool
        Whether lines begin with a fresh state each.
    worst : int, optional
        How many lines count, the most surprising ones; None: all, in their order.

    Attributes
    ----------
    tally : Tally
        What the scores that were read come to.
    """

    def __init__(
        self, model: RNN, pieces: Iterable[str], unknown: str, *, apart: bool, worst: int | None
    ) -> None:
        self._model, self._pieces, self._unknown = model, pieces, unknown
        self._apart, self._worst = apart, worst
        self.tally = Tally()

    def write_table(self, form: str, file: BinaryIO, *, of_lines: bool) -> None:
        """Write a table of the lines, or of the characters."""
        if of_lines:
            write_rows(form, _LINES, ([_line_row(line)] for line in self._lines()), file)
        else:
            write_rows(form, _CHARACTERS, self._character_rows(), file)

    def show_lines(self) -> None:
        """Print bits per character, number and text of the lines."""
        for number, text, tally in self._lines():
            shown = text.removesuffix("\n")
            shown = visible(shown, keep="\t") if in_terminal() else shown
            write(f"{tally.bits_per_char:.3f}\t{number}\t{shown}\n")

    def show_text(self) -> None:
        """Print the text in shades, in a pipe too."""
        console = Console(highlight=False, force_terminal=True)
        text = "\n"
        with guarded():
            for text, score in self._scores():
                bits = [bits_per_char(nats, 1) for nats in score.nats.tolist()]
                shown = shaded(text, bits, console.color_system)
                console.print(shown, end="", soft_wrap=True)
            console.print("" if text.endswith("\n") else "\n", legend(console.color_system), sep="")

    def show_totals(self, *, as_json: bool) -> None:
        """Print what it comes to."""
        for _ in self._scores():
            pass
        if as_json:
            write(json.dumps(self._facts(), allow_nan=False) + "\n")
        elif not self.tally.count:
            show(facts_table([("characters", "0: there is nothing to score")]))
        else:
            show(facts_table(self._rows()))

    def _scores(self) -> Iterator[tuple[str, Score]]:
        """Yield the pieces with their scores."""
        state, position = self._model.state(), 0
        for piece in self._pieces:
            try:
                score = state.score(piece, self._unknown)
            except ValueError:
                self._model.vocab.encode(piece, start=position)
                raise
            self.tally.add(score)
            yield piece, score
            position += len(piece)

    def _lines(self) -> Iterator[Line]:
        """Yield the lines that are asked for."""
        lines = self._every_line()
        if self._worst is None:
            yield from lines
            return
        counted = (line for line in lines if line.tally.count)
        yield from heapq.nlargest(self._worst, counted, key=_surprise)

    def _every_line(self) -> Iterator[Line]:
        lines = scored_lines(self._model, self._pieces, self._unknown, apart=self._apart)
        for line in lines:
            self.tally.unknown += line.tally.unknown
            yield line

    def _character_rows(self) -> Iterator[list[tuple[Any, ...]]]:
        end = 0
        for text, score in self._scores():
            begin, end = end, end + len(text)
            columns = score.nats.tolist(), score.rank.tolist(), score.entropy.tolist()
            yield list(zip(range(begin, end), text, *columns, strict=True))

    def _facts(self) -> dict[str, Any]:
        """Return the totals, as `Score` calls them; what is not finite is null."""
        tally = self.tally
        facts = {
            "characters": tally.count,
            "unknown": tally.unknown,
            "total": tally.nats,
            "mean": tally.nats_per_char,
            "bits_per_char": tally.bits_per_char,
            "perplexity": tally.perplexity,
            "guessed": tally.guessed,
        }
        return {name: value if math.isfinite(value) else None for name, value in facts.items()}

    def _rows(self) -> list[tuple[str, str]]:
        tally = self.tally
        rows = [
            ("characters", f"{tally.count:,}"),
            ("bits/char", f"{tally.bits_per_char:.4f}"),
            ("nats/char", f"{tally.nats_per_char:.4f}"),
            ("perplexity", f"{tally.perplexity:.3f}"),
            ("guessed", f"{percentage(tally.guessed / tally.count)} were the most probable one"),
        ]
        if not tally.unknown and math.isfinite(tally.bits):
            size = f"{tally.bits / _BITS_OF_A_BYTE:,.0f} bytes by crnn compress"
            rows.append(("packed", f"{size}, and some {_CONTAINER} for its container"))
        return rows


def _surprise(line: Line) -> float:
    """Return what the worst lines have most of; a NaN is worst."""
    bits = line.tally.bits_per_char
    return bits if bits == bits else math.inf


def _line_row(line: Line) -> tuple[Any, ...]:
    number, text, tally = line
    return number, tally.bits_per_char, tally.nats, tally.count, text.removesuffix("\n")
