"""The manual of the C kernels, out of their header: comments and declarations, in their order.

The header begins with a comment that explains every kernel; a macro declares them for both types;
tables and functions follow, each under a comment of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from generated import Generated
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

__all__ = ["Kernel", "kernels", "manual", "page", "setup"]

COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
MEMBER = re.compile(r"(\w+) \(\*(\w+)\)\((.*?)\);", re.DOTALL)
ENTRY = re.compile(r" {2}(\w+)\(")  # a line of the manual at which a kernel begins
RULE = re.compile(r" {2}(\w+) {2,}(\S.*)")  # a word, and what it stands for
DECLARED = re.compile(
    r"(?:/\* (?P<said>[^*]*(?:\*(?!/)[^*]*)*) \*/\n)(?P<code>[^/#\n][^;{]*?(?:\{.*?\}[^;]*)?;)",
    re.DOTALL,
)
STRUCTS = [
    ".. c:struct:: crnn_kernels_f32",
    "              crnn_kernels_f64",
    "",
    "   Pointers to the kernels of one type: *real* is float in the first, double in the second.",
    "",
    ".. c:namespace:: crnn_kernels_f32",
    "",
]
BODY = 6  # columns by which the manual indents the text of a kernel


@dataclass(frozen=True)
class Kernel:
    """One kernel as the struct declares it: real is float or double."""

    name: str
    result: str
    arguments: str


def kernels(header: str) -> list[Kernel]:
    """Return the kernels that the macro of the header declares, in their order."""
    macro = header[header.index("#define CRNN_DECLARE_KERNELS") :]
    plain = re.sub(r"\s*\\\n\s*", " ", macro)
    plain = plain[: plain.index("} name")]
    return [
        Kernel(name, result, " ".join(arguments.split()))
        for result, name, arguments in MEMBER.findall(plain)
    ]


def manual(header: str) -> list[str]:
    """Return the lines of the first comment, without the stars."""
    comment = COMMENT.search(header)
    if comment is None:
        raise ValueError("the header has no comment, expected its manual in the first one")
    return [re.sub(r"^ \* ?", "", line).rstrip() for line in comment[1].strip().split("\n")]


def blocks(lines: list[str]) -> Iterator[list[str]]:
    """Take the manual apart: at each line of less indentation than a kernel's text."""
    block: list[str] = []
    for line in lines:
        starts = (
            bool(line)
            and not line.startswith("   ")
            and (not block or not block[-1] or RULE.match(line))
        )
        if starts and block:
            yield block
            block = []
        block.append(line)
    yield block


def page(header: str) -> list[str]:
    """Return the header as the lines of a page in reStructuredText."""
    declared = {kernel.name: kernel for kernel in kernels(header)}
    explained: list[str] = []
    lines: list[str] = []
    for block in blocks(manual(header)):
        if ENTRY.match(block[0]):
            lines += STRUCTS if not explained else []
            names = re.findall(r"(\w+)\([^)]*\)", block[0])
            lines += _kernels([declared[name] for name in names], block[1:])
            explained += names
        else:
            lines += _prose(block)
    if missing := sorted(set(declared) - set(explained)):
        raise ValueError(f"the header declares {', '.join(missing)}, which its manual leaves out")
    return [*lines, ".. c:namespace:: NULL", "", ".. rubric:: Tables", "", *_declarations(header)]


def _prose(block: list[str]) -> Iterator[str]:
    """Write what is no kernel: a rule with its name, a heading, a paragraph."""
    texts = [text.strip() for text in block if text]
    if rule := RULE.match(block[0]):
        yield rule[1]
        yield from (f"   {escaped(text)}" for text in [rule[2], *texts[1:]])
    elif len(texts) == 1 and texts[0][-1] not in ".:":
        yield f".. rubric:: {escaped(re.split(' {3,}', texts[0])[0])}"
    else:
        yield from map(escaped, texts)
    yield ""


def _kernels(of_block: list[Kernel], text: list[str]) -> Iterator[str]:
    first, *others = of_block
    for start, kernel in [(".. c:member:: ", first), *(("              ", k) for k in others)]:
        yield f"{start}{kernel.result} (*{kernel.name})({kernel.arguments})"
    yield ""
    yield from _literal("   ", "none", [line[BODY:] for line in text])


def _declarations(header: str) -> Iterator[str]:
    after = header[header.index("CRNN_DECLARE_KERNELS(", header.index("} name")) :]
    for found in DECLARED.finditer(after):
        code, said = found["code"].strip(), " ".join(found["said"].split())
        if code.startswith("typedef struct"):
            yield f".. c:struct:: {code.split()[2]}"
            yield from ("", f"   {escaped(said)}", "")
            yield from _literal("   ", "c", code.split("\n"))
        else:
            yield f".. c:function:: {code.rstrip(';')}"
            yield from ("", f"   {escaped(said)}", "")


def _literal(margin: str, language: str, lines: list[str]) -> Iterator[str]:
    yield f"{margin}.. code-block:: {language}"
    yield f"{margin}   :class: manual"
    yield ""
    yield from (f"{margin}   {line}".rstrip() for line in lines)
    yield ""


def escaped(text: str) -> str:
    """Return words that reStructuredText takes for words."""
    return re.sub(r"([\\*`|_])", r"\\\1", text)


class CHeader(Generated):
    """``.. c-header:: ../../csrc/kernels.h``: the page of a header, as `page` makes it."""

    def lines(self) -> list[str]:
        """Return the page of the header."""
        return page(self.text_of())


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive to Sphinx."""
    app.add_directive("c-header", CHeader)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
