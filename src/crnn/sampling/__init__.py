"""Samples: texts that a model writes by rules, one or many at once.

Data flows one way, and every module is one step of it::

    automaton      strings to be found in what is written: tables for the compiled loop
    rules          what a caller asks of samples: checked, and made into tables
    batch          samples that are written together, in slices and threads
    stream         one sample, character by character, for loops and event loops

The next character is chosen in `crnn.choosing`.
"""

from crnn.sampling.batch import Sample
from crnn.sampling.stream import Drawn, Stream

__all__ = ["Drawn", "Sample", "Stream"]
