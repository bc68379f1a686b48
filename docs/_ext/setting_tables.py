"""All settings, out of the dataclass that has them: names, defaults, ranges, words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, fields
from itertools import groupby
from typing import Any

from generated import Generated
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from crnn.settings import Settings, range_of

__all__ = ["page", "setup"]


def page() -> list[str]:
    """Return all settings, group by group, as lines of reStructuredText."""
    ordered = sorted(fields(Settings), key=_group_number)
    lines: list[str] = []
    for group, settings in groupby(ordered, key=lambda setting: setting.metadata["group"]):
        lines += [f".. rubric:: {group}", ""]
        for setting in settings:
            lines += _setting(setting)
    return lines


def _group_number(setting: Field[Any]) -> int:
    """Return the place of a setting's group: groups stand in the order in which they begin."""
    groups = list(dict.fromkeys(other.metadata["group"] for other in fields(Settings)))
    return groups.index(setting.metadata["group"])


def _setting(setting: Field[Any]) -> Iterator[str]:
    about, option = setting.metadata, "--" + setting.name.replace("_", "-")
    yield f".. py:attribute:: crnn.Settings.{setting.name}"
    yield f"   :type: {type(setting.default).__name__}"
    yield f"   :value: {setting.default!r}"
    yield from ("", f"   {about['text'].replace('*', chr(92) + '*')}.", "")
    unit = [f"in {about['unit']}"] if about["unit"] and about["unit"] not in about["text"] else []
    words = [", ".join(f"``{choice}``" for choice in about["choices"])] if about["choices"] else []
    ranges = [range_of(setting)] if range_of(setting) else []
    said = "; ".join([*words, *ranges, *unit, f":option:`{option} <crnn train {option}>`"])
    yield from (f"   {said[0].upper()}{said[1:]}", "")


class SettingTables(Generated):
    """``.. setting-tables::``: all settings."""

    required_arguments = 0

    def lines(self) -> list[str]:
        """Return all settings."""
        return page()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive to Sphinx."""
    app.add_directive("setting-tables", SettingTables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
