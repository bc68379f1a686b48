"""Odd strings: the surprising ones in a column of a data frame.

    python odd_strings.py                                     a made-up table of products
    python odd_strings.py table.csv name [--share 0.01]       a column of your own

A small character-level RNN is trained on the column itself; what it can foretell worst, in bits per
character, is odd. Needs pip install 'crnn[sklearn]' pandas.
"""

import argparse

import numpy as np
import pandas as pd

from crnn.sklearn import SurprisingText


def products(count: int = 2000) -> pd.DataFrame:
    """Return a table whose column "code" has a pattern, and five codes that break it."""
    rng = np.random.default_rng(1)
    places = rng.choice(["BER", "LYO", "OSA", "NYC"], count)
    numbers = rng.integers(1000, 10000, count)
    kinds = rng.choice(["bolt", "nut", "washer", "gasket"], count)
    codes = [
        f"{place}-{number}/{kind}"
        for place, number, kind in zip(places, numbers, kinds, strict=True)
    ]
    frame = pd.DataFrame({"code": codes, "price": rng.uniform(0.1, 9, count).round(2)})
    wrong = ["BER-1204\\bolt", "LYO-88l2/nut", "osa-4410/washer", "n/a", "NYC-5127/waher"]
    frame.loc[rng.choice(count, len(wrong), replace=False), "code"] = wrong
    return frame


def odd_rows(frame: pd.DataFrame, column: str, share: float) -> pd.DataFrame:
    """Return the rows whose text in that column is odd, the oddest first, with its surprise."""
    detector = SurprisingText(contamination=share).fit(frame[column])
    frame = frame.assign(bits_per_char=-detector.score_samples(frame[column]))
    return frame[detector.predict(frame[column]) == -1].sort_values(
        "bits_per_char", ascending=False
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("table", nargs="?", help="a CSV file")
    parser.add_argument("column", nargs="?", help="its column of texts")
    parser.add_argument("--share", type=float, default=0.0025, help="of odd ones (0.0025)")
    options = parser.parse_args()
    if (options.table is None) != (options.column is None):
        parser.error("give a table and its column, or none of them")
    frame = products() if options.table is None else pd.read_csv(options.table)
    column = options.column or "code"
    if column not in frame:
        parser.error(f"{options.table} has no column {column!r}, but {', '.join(frame)}")
    frame[column] = frame[column].fillna("").astype(str)
    print(odd_rows(frame, column, options.share).to_string())


if __name__ == "__main__":
    main()
