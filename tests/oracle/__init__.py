"""Independent, slow, plain implementations that the tests believe; they never import crnn."""
