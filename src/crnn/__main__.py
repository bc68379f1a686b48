"""Run the command line as ``python -m crnn``."""

from crnn.cli import main

if __name__ == "__main__":
    main(prog_name="python -m crnn")
