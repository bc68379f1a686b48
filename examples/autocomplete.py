"""Autocomplete: the most probable continuations of a text, by beam search.

    python autocomplete.py model.safetensors "the que" [--length 12] [--beam 50] [--show 5]

A beam is a few beginnings of continuations, the most probable so far. In each round all of them
are fed together, as one batch of states, and the best of all their next characters make the new
beam. Choosing rows of a batch copies states: that is how a beginning branches.
"""

import argparse
from collections import defaultdict

import numpy as np

import crnn


def continuations(
    model: crnn.RNN, text: str, length: int, beam: int, end: str = " \n"
) -> list[tuple[float, str]]:
    """Return what may follow, the most probable first, with its probability.

    A continuation ends after `length` characters, or before the first of `end`.
    """
    chars = model.vocab.chars
    state = model.state()
    state.feed(text)
    states, scores, words = crnn.States.of([state]), np.zeros(1), [""]
    found: defaultdict[str, float] = defaultdict(float)
    for _ in range(length):
        following = scores[:, None] + states.logprobs()  # of each beginning by each character
        best = np.argsort(-following, axis=None, kind="stable")[:beam]
        rows, xs = np.unravel_index(best, following.shape)
        scores = following[rows, xs]
        ended = np.array([chars[x] in end for x in xs])
        for row, score in zip(rows[ended], scores[ended], strict=True):
            found[words[row]] += float(np.exp(score))
        rows, xs, scores = rows[~ended], xs[~ended], scores[~ended]
        words = [words[row] + chars[x] for row, x in zip(rows, xs, strict=True)]
        if not words:
            break
        states = states[rows]
        states.feed(xs)
    found.update(dict(zip(words, np.exp(scores).tolist(), strict=True)))
    return sorted(((p, word) for word, p in found.items() if word), reverse=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", help="a file that crnn train made")
    parser.add_argument("text", help="what stands there already")
    parser.add_argument("--length", type=int, default=12, help="characters at most (12)")
    parser.add_argument("--beam", type=int, default=50, help="beginnings kept (50)")
    parser.add_argument("--show", type=int, default=5, help="continuations to print (5)")
    options = parser.parse_args()
    model = crnn.load(options.model)
    found = continuations(model, options.text, options.length, options.beam)
    for probability, word in found[: options.show]:
        print(f"{probability:7.2%}  {options.text}{word}")


if __name__ == "__main__":
    main()
