"""The quality card as a table."""

from __future__ import annotations

import math

from rich.console import Group

from crnn.analysis.card import MODEL, QualityCard
from crnn.analysis.copying import PIECE
from crnn.cli.quantities import count
from crnn.cli.tables import bar, facts_table, figures_table, percentage, show, titled

__all__ = ["card_table", "show_card"]


def show_card(card: QualityCard) -> None:
    """Print a card.

    Raises
    ------
    OutputError
        If standard output cannot be written.
    """
    show(card_table(card))


def card_table(card: QualityCard) -> Group:
    """Return a card for a console: figures, the best first, and facts below them."""
    table = figures_table("", "bits")
    table.add_column("")
    worst = max(row.bits for row in card.rows if math.isfinite(row.bits))
    for row in card.rows:
        known = math.isfinite(row.bits)
        figure = f"{row.bits:.3f}" if known else "no number"
        style = "bold" if row.name == MODEL else None
        table.add_row(row.name, figure, bar(row.bits / worst if known else 0), style=style)
    return titled(_title(card), table, "", facts_table(_facts(card)))


def _title(card: QualityCard) -> str:
    whole, measured, counted = (
        card.validation_characters,
        card.baselines.measured,
        card.baselines.counted,
    )
    part = f"validation part ({count(whole, 'character')})"
    if measured < whole:
        part += f"; the others of its first {measured:,}"
    if counted < card.training_characters:
        part += f"; contexts are counted in the last {counted:,} before it"
    return f"Bits per character of the {part}"


def _place(card: QualityCard) -> str:
    """Say where copies were looked for."""
    if card.searched == card.training_characters:
        return "the training part"
    return f"the last {card.searched:,} characters of the training part"


def _facts(card: QualityCard) -> list[tuple[str, str]]:
    rows = [
        ("parameters", f"{card.parameters:,}"),
        (
            "seen",
            f"{count(card.characters_seen, 'character')}, {card.passes:.1f} times the "
            f"{card.training_characters:,} of the training part",
        ),
    ]
    found = card.copying
    if found is None:
        return rows
    rows.append(("copied", f"{count(found.longest, 'character')} in a row at most"))
    if found.share is not None:
        rows.append(
            (
                "",
                f"{percentage(found.share)} of the {PIECE}-character pieces of samples "
                f"({found.sampled:,} characters) stand in {_place(card)}",
            )
        )
    return rows
