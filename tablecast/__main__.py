"""``python -m tablecast``."""

from tablecast.cli.main import run

if __name__ == "__main__":
    run()
