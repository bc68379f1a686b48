"""What tools/measure_accuracy.py stands on: inputs, the judge in C, and MPFR over both."""
