"""What both FastAPI peers share: the row as pydantic checks it, and the graph's answer to it.

One onnxruntime session on one thread: a second thread only takes turns with the other process.
"""

import os
from typing import Annotated, Literal

import numpy as np
import onnxruntime
from pydantic import BaseModel, ConfigDict, Field

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(
    os.environ["PEER_GRAPH"], options, providers=["CPUExecutionProvider"]
)


class Patient(BaseModel):
    """One row, with the limits that the form of the other servers has."""

    model_config = ConfigDict(extra="forbid")

    age: Annotated[int, Field(ge=0, le=110)]
    sex: Literal["female", "male"]
    bmi: Annotated[float, Field(ge=0, le=90.3, allow_inf_nan=False)]
    children: Annotated[int, Field(ge=0, le=10)]
    smoker: Literal["yes", "no"]
    region: Literal["northeast", "northwest", "southeast", "southwest"]


def charges(patient: Patient) -> float:
    """The graph's answer to one row."""
    answer = session.run(
        None,
        {
            "age": np.array([[patient.age]], dtype=np.float64),
            "bmi": np.array([[patient.bmi]], dtype=np.float64),
            "children": np.array([[patient.children]], dtype=np.float64),
            "sex": np.array([[patient.sex]], dtype=object),
            "smoker": np.array([[patient.smoker]], dtype=object),
            "region": np.array([[patient.region]], dtype=object),
        },
    )
    return answer[0].item()
