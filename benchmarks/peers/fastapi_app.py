"""The peer that a careful engineer writes by hand: FastAPI, pydantic and onnxruntime.

Everything known to make it fast is here: one session on one thread, an async route (a plain one
would go through a pool of threads), the graph's answer returned as a ready response so that no
response model is validated a second time, and no access log.
"""

import os
from typing import Annotated, Literal

import numpy as np
import onnxruntime
import orjson
from fastapi import FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(
    os.environ["PEER_GRAPH"], options, providers=["CPUExecutionProvider"]
)
app = FastAPI()


class Patient(BaseModel):
    """One row, with the limits that the form of the other servers has."""

    model_config = ConfigDict(extra="forbid")

    age: Annotated[int, Field(ge=0, le=110)]
    sex: Literal["female", "male"]
    bmi: Annotated[float, Field(ge=0, le=90.3, allow_inf_nan=False)]
    children: Annotated[int, Field(ge=0, le=10)]
    smoker: Literal["yes", "no"]
    region: Literal["northeast", "northwest", "southeast", "southwest"]


@app.post("/predict_api")
async def predict_api(patient: Patient) -> Response:
    """Answer one row with the bare number."""
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
    return Response(orjson.dumps(answer[0].item()), media_type="application/json")


@app.get("/healthz")
async def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", media_type="text/plain")
