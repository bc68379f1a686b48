"""What to do about a text, in short sentences: each names what was found and an option for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from crnn.analysis.diagnosis import RARE, UTF8, Diagnosis, File

__all__ = ["advice"]

_MANY_RARE: Final = 0.1  # of the vocabulary
_SHORT: Final = 100_000  # characters, below which a text is learned by heart
_FEW_LETTERS: Final = 300_000  # characters, below which small letters alone are worth a thought
_LARGE_VOCABULARY: Final = 1000
_LEAKING: Final = 0.05  # share from which on a validation loss is flattered
_SMALL_VALIDATION: Final = 20_000  # characters, below which its loss is not steady
_COPIES: Final = 0.05  # share of the lines
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def advice(found: Diagnosis) -> list[str]:
    """Return what to do about a text.

    Parameters
    ----------
    found : Diagnosis
        All but the advice.

    Returns
    -------
    list of str
        Sentences, the gravest first; none, if all is well.
    """
    return [
        *_about_encodings(found),
        *_about_characters(found),
        *_about_repeats(found),
        *_about_size(found),
    ]


def _about_encodings(found: Diagnosis) -> Iterator[str]:
    read_as = {file.read_as for file in found.files}
    for file in found.files:
        if not file.chosen and file.encoding.suspects:
            yield _about_encoding(file, is_of_all=len(read_as) == 1)
    if found.misreading is not None:
        wrong = found.misreading
        yield (
            f"UTF-8 was read as {wrong.encoding} and saved so ({wrong.shown!r} for "
            f"{wrong.meant!r}): take the text from its source again."
        )
    was_there = all(file.encoding.utf8 or file.read_as != UTF8 for file in found.files)
    if was_there and any(character.char == _REPLACEMENT for character in found.strangest):
        yield "U+FFFD stands where characters were lost: get a clean copy of the text."


def _about_encoding(file: File, *, is_of_all: bool) -> str:
    """Say what to do about a file that is not UTF-8."""
    known, suspected = file.encoding, file.encoding.suspects[0].encoding
    if known.mixed_with is not None:
        return (
            f"{file.name} is partly UTF-8 and partly {_name(known.mixed_with)}, first at byte "
            f"{known.wrong_at:,}: convert that file to UTF-8."
        )
    if suspected == UTF8:
        return (
            f"{file.name} is UTF-8 with damaged places, the first at byte "
            f"{known.wrong_at:,}: mend them, or get a clean copy."
        )
    if is_of_all:
        return f"{file.name} looks like {suspected}: read it with --encoding {suspected}."
    return (
        f"{file.name} looks like {suspected}, others do not: convert that file to UTF-8, since "
        f"--encoding {suspected} would garble the others."
    )


def _name(encoding: str) -> str:
    return "another encoding" if encoding == "another" else encoding


def _about_characters(found: Diagnosis) -> Iterator[str]:
    if found.distinct == 1:
        yield "It is one character again and again: there is nothing to learn from it."
    if found.is_of_bytes:
        return
    if found.newlines.kinds > 1 or found.newlines.mac or found.newlines.windows:
        yield "--newlines unix makes every end of a line a single \\n."
    if not found.is_nfc:
        yield "--normalize NFC writes letters and their accents in one way."
    others = [character for character in found.strangest if character.char != _REPLACEMENT]
    if others:
        yield (
            f"Look at the strange characters, {others[0].code_point} first: what is not meant is "
            "better removed."
        )
    if found.rare > _MANY_RARE * found.distinct and found.rare < found.distinct - 1:
        yield (
            f"--min-count {RARE} leaves {found.distinct - found.rare:,} of {found.distinct:,} "
            f"characters: the others stand fewer than {RARE} times and cannot be learned."
        )
    if found.characters < _FEW_LETTERS and found.distinct_lowercase < found.distinct:
        yield (
            f"--lowercase leaves {found.distinct_lowercase:,} of {found.distinct:,} characters: "
            "worth a thought with so short a text."
        )
    if found.distinct > _LARGE_VOCABULARY:
        yield (
            f"{found.distinct:,} characters make every step slow: --min-count leaves out the rare."
        )


def _about_repeats(found: Diagnosis) -> Iterator[str]:
    if found.documents.copies:
        one = found.documents.copies == 1
        yield (
            f"{found.documents.copies:,} of the documents {'is a copy' if one else 'are copies'} "
            f"of {'another' if one else 'others'}: leave {'it' if one else 'them'} out."
        )
    if found.lines.copies > _COPIES * found.lines.count:
        yield (
            f"{found.lines.copies / found.lines.count:.0%} of the lines are copies of others: "
            "if that is not the text's way, leave them out."
        )
    shares = (found.leakage.lines_share or 0, found.leakage.pieces_share or 0)
    if max(shares) > _LEAKING:
        yield (
            "Much of the validation part stands in the training part: its loss will flatter. "
            "--documents keeps whole documents on one side."
        )


def _about_size(found: Diagnosis) -> Iterator[str]:
    if found.characters < _SHORT:
        yield (
            f"{found.characters:,} characters are few: a model learns them by heart. Add text, "
            "or watch the validation loss with --val-fraction 0.1."
        )
    elif found.characters // 10 < _SMALL_VALIDATION:
        yield "A tenth is a small validation part here: --val-fraction 0.2 is steadier."
