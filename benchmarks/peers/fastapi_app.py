"""The peer that a careful engineer writes by hand, as FastAPI's documentation teaches it.

A pydantic model in, a number out, and FastAPI makes the response. The route is async: a plain
function would go through a pool of threads, which costs more than the answer.
"""

from fastapi import FastAPI
from fastapi_model import Patient, charges

app = FastAPI()


@app.post("/predict_api")
async def predict_api(patient: Patient) -> float:
    """Answer one row with the bare number."""
    return charges(patient)


@app.get("/healthz")
async def healthz() -> str:
    """The process answers."""
    return "ok"
