r"""Reading text: files, folders and streams to indices, characters and documents.

Data flows one way, and every module is one step of it::

    sources        which files, folders and streams
    compression    bytes, decompressed
    decoding       characters; where there are none, suspects: which encoding it may be
    cleaning       newlines, normal form, lower case
    stream         all of that, for one file after the other
    draft          counted, and kept as code points
    numbering      the vocabulary: an index for every character
    corpus         what comes of it: indices, vocabulary, documents
    cache          large ones: a file that is mapped into memory
    build          all of this, in order

Nothing is changed that was not asked for: no newline is translated and nothing is stripped but the
byte-order mark that some editors put before UTF-8. A file that would give no text, or another text
than was written, is an error that says where and what to do. Encodings are never guessed, only
suggested.
"""

from crnn.corpus.build import corpus_of_text, read_corpus
from crnn.corpus.cache import cache_folder
from crnn.corpus.corpus import Corpus
from crnn.corpus.default import default_text
from crnn.corpus.errors import TextError
from crnn.corpus.reading import Reading
from crnn.corpus.stream import TextStream

__all__ = [
    "Corpus",
    "Reading",
    "TextError",
    "TextStream",
    "cache_folder",
    "corpus_of_text",
    "default_text",
    "read_corpus",
]
