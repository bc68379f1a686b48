"""The notebook's program with two lines changed: lossFun and sample are compiled.

Everything else is NumPy as before: the arrays are yours, so are the loop and the Adagrad update.
Run it as it is (a text of Python's own is used), or give it a text file and a number of iterations:

    python drop_in.py [TEXT [ITERATIONS]]
"""

import sys

import numpy as np

import crnn
from crnn.corpus import Reading, default_text, read_corpus

data = read_corpus(sys.argv[1:2], Reading()).text() if sys.argv[1:] else default_text()
iterations = int(sys.argv[2]) if len(sys.argv) > 2 else 5001
chars = sorted(set(data))
vocab_size = len(chars)
print(f"data has {len(data)} characters, {vocab_size} unique.")
char_to_ix = {ch: i for i, ch in enumerate(chars)}
ix_to_char = dict(enumerate(chars))

hidden_size, seq_length, learning_rate = 100, 25, 1e-1
np.random.seed(0)
Wxh = np.random.randn(hidden_size, vocab_size) * 0.01
Whh = np.random.randn(hidden_size, hidden_size) * 0.01
Why = np.random.randn(vocab_size, hidden_size) * 0.01
bh, by = np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))

# The first changed line is `import crnn`. The second stands for both function definitions:
lossFun, sample = crnn.bind(Wxh, Whh, Why, bh, by)

params = [Wxh, Whh, Why, bh, by]
memory = [np.zeros_like(param) for param in params]
smooth_loss = np.log(vocab_size) * seq_length
position = 0
for n in range(iterations):
    if position + seq_length + 1 >= len(data) or n == 0:
        hprev = np.zeros((hidden_size, 1))
        position = 0
    inputs = [char_to_ix[ch] for ch in data[position : position + seq_length]]
    targets = [char_to_ix[ch] for ch in data[position + 1 : position + seq_length + 1]]
    if n % 1000 == 0:
        print("----\n", "".join(ix_to_char[ix] for ix in sample(hprev, inputs[0], 200)), "\n----")
    loss, *gradients, hprev = lossFun(inputs, targets, hprev)
    smooth_loss = smooth_loss * 0.999 + loss * 0.001
    if n % 1000 == 0:
        print(f"iter {n}, loss: {smooth_loss:f}")
    for param, gradient, mem in zip(params, gradients, memory, strict=True):
        mem += gradient * gradient
        param += -learning_rate * gradient / np.sqrt(mem + 1e-8)  # in place: the functions see it
    position += seq_length
