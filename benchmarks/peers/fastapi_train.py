"""Train the hand-written peer's model and write it as skl2onnx makes it.

python fastapi_train.py TABLE.csv GRAPH.onnx
"""

import sys

import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["age", "bmi", "children"]
CATEGORIES = ["sex", "smoker", "region"]


def main(table_path: str, graph_path: str) -> None:
    table = pd.read_csv(table_path)
    table[NUMBERS] = table[NUMBERS].astype("float64")
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), NUMBERS),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), CATEGORIES),
        ]
    )
    pipeline = make_pipeline(columns, LinearRegression())
    pipeline.fit(table[NUMBERS + CATEGORIES], table["charges"])
    types = [(name, DoubleTensorType([None, 1])) for name in NUMBERS]
    types += [(name, StringTensorType([None, 1])) for name in CATEGORIES]
    graph = to_onnx(pipeline, initial_types=types, target_opset={"": 17, "ai.onnx.ml": 3})
    with open(graph_path, "wb") as file:
        file.write(graph.SerializeToString())


if __name__ == "__main__":
    main(*sys.argv[1:])
