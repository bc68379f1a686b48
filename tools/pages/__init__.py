"""The documentation's code: found, run, its outputs compared or written, and made a notebook."""
