"""``python -m tablecast``."""

from tablecast.cli import run

if __name__ == "__main__":
    run()
