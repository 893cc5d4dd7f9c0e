"""The script: `python -m tools.samples [--into FOLDER]`, from the top of the repository."""

from argparse import ArgumentParser
from pathlib import Path

from tools.samples.scenes import draw_all

SAMPLES = Path(__file__).parents[2] / "static" / "samples"

if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tools.samples", description="Draw the sample files anew.")
    parser.add_argument("--into", type=Path, default=SAMPLES, help="the folder they are written to")
    into = parser.parse_args().into
    into.mkdir(parents=True, exist_ok=True)
    draw_all(into)
