"""What must hold of predictions in every engine's frames."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from tablecast.batch.predict_file import predict_file
from tests.engine_checks import DEPLOYMENT
from tests.insured import HEADER, rows_of, text, with_bad

#: Rows of which three are refused, with a column that is no field and one of an earlier run.
ROWS = with_bad(rows_of(300), 1, 2, 299)
HEAD = f"id,{HEADER},prediction_label"


def frame() -> pd.DataFrame:
    """The rows as pandas has them."""
    lines = [f"{at},{row},7.5" for at, row in enumerate(ROWS)]
    return pd.read_csv(io.StringIO(text(lines, HEAD)))


def check_answers(answered: pd.DataFrame, folder: Path) -> None:
    """Columns and values are those of a Parquet file's prediction, in any order of rows."""
    frame().to_parquet(folder / "in.parquet", index=False)
    predict_file(DEPLOYMENT, folder / "in.parquet", folder / "out.parquet", errors="column")
    expected = pd.read_parquet(folder / "out.parquet")
    assert list(answered.columns) == list(expected.columns)
    assert list(expected.columns) == [
        "id", *HEADER.split(","), "prediction_label", "prediction_low", "prediction_high",
        "prediction_error",
    ]
    found = answered.sort_values("id").reset_index(drop=True)
    numbers = ["prediction_label", "prediction_low", "prediction_high"]
    # the last bits depend on how many rows are answered together
    pd.testing.assert_frame_equal(
        found[["id", *numbers]].astype("float64"), expected[["id", *numbers]].astype("float64"),
        rtol=1e-9,
    )
    texts = ["prediction_error", "smoker"]
    assert found[texts].fillna("").values.tolist() == expected[texts].fillna("").values.tolist()
    assert found["prediction_error"].notna().sum() == 3
