"""Lossless compression: any bytes, packed by what a model predicts of them.

`container` knows the file, `alphabet` which characters stand for which bytes, `coders` how a piece
is coded by a model or by one that learns meanwhile (`learning` says how), `packing` how pieces go
from one stream to another. The arithmetic is in `crnn.coding` and `crnn.online`.
"""

from crnn.codec.container import CodecError
from crnn.codec.packing import Summary, compress, decompress, pack, unpack

__all__ = ["CodecError", "Summary", "compress", "decompress", "pack", "unpack"]
