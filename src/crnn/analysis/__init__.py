"""What can be said of a text, and of a model beside it: figures only, nothing is printed.

`ngrams` and `compressors` say what is learnable, `doctor` collects all there is to say of a text
before a training, `card` what there is to say of a model after one.
"""
