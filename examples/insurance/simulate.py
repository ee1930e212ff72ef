"""A simulated table in the shape of the insurance table, for machines without the real one.

    python examples/insurance/simulate.py OUT.csv [--rows 600] [--seed 0]

No row of it is a real person, and none was copied: each is drawn from the distributions and the
formula below, whose round numbers were chosen to give the same columns, levels, ranges and the
same broad pattern (a few dear smokers, dearer when obese) as the real table.

Columns, drawn independently of each other:

    age       whole years, uniform from 18 to 64
    sex       female or male, evenly
    bmi       normal with mean 30.5 and standard deviation 6, kept within 15.5 and 53.5
    children  0 to 5, with chances 0.43, 0.24, 0.18, 0.12, 0.02 and 0.01
    smoker    yes with chance 0.2, else no
    region    northeast, northwest, southeast or southwest, evenly

The formula, in dollars a year:

    charges = 1,000 + 3.2 age² + 500 children
            + smoker × (13,000 + 300 (bmi - 30))
            + smoker × 15,000, where bmi is over 30
            + 400 in northeast, 200 in northwest
            + a stay in hospital: for one row in ten, exponential with mean 8,000
            all times a factor of scatter: exp(normal with mean 0, standard deviation 0.06)
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

REGIONS = ("northeast", "northwest", "southeast", "southwest")
REGION_COST = {"northeast": 400.0, "northwest": 200.0, "southeast": 0.0, "southwest": 0.0}
CHILDREN_CHANCES = (0.43, 0.24, 0.18, 0.12, 0.02, 0.01)


def simulate(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """Draw a simulated insurance table.

    Args:
        rows: how many rows, at least 1.
        seed: the same seed and number of rows give the same table.

    Returns:
        The columns age, sex, bmi, children, smoker, region and charges, the target.
    """
    rng = np.random.default_rng(seed)
    people = pd.DataFrame(
        {
            "age": rng.integers(18, 65, rows),
            "sex": rng.choice(["female", "male"], rows),
            "bmi": rng.normal(30.5, 6.0, rows).clip(15.5, 53.5).round(2),
            "children": rng.choice(6, rows, p=CHILDREN_CHANCES),
            "smoker": np.where(rng.random(rows) < 0.2, "yes", "no"),
            "region": rng.choice(REGIONS, rows),
        }
    )
    hospital = np.where(rng.random(rows) < 0.1, rng.exponential(8_000.0, rows), 0.0)
    scatter = np.exp(rng.normal(0.0, 0.06, rows))
    return people.assign(charges=((expected_charges(people) + hospital) * scatter).round(2))


def expected_charges(people: pd.DataFrame) -> pd.Series:
    """The formula's charges in dollars a year, before the hospital's share and the scatter."""
    smoking = 13_000 + 300 * (people["bmi"] - 30) + 15_000 * (people["bmi"] > 30)
    return (
        1_000
        + 3.2 * people["age"] ** 2
        + 500 * people["children"]
        + smoking.where(people["smoker"] == "yes", 0.0)
        + people["region"].map(REGION_COST)
    )


def main() -> None:
    """Write a simulated table to the file that the command line names."""
    parser = argparse.ArgumentParser(description="Write a simulated insurance table as CSV.")
    parser.add_argument("out", metavar="OUT.csv")
    parser.add_argument("--rows", type=int, default=600, help="how many rows (default 600)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another table")
    options = parser.parse_args()
    if options.rows < 1:
        parser.error("--rows must be at least 1")
    simulate(options.rows, options.seed).to_csv(options.out, index=False)
    print(f"{options.out}: {options.rows:,} simulated rows, seed {options.seed}")


if __name__ == "__main__":
    main()
