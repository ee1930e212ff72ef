"""The same peer, past what FastAPI's documentation teaches.

orjson writes the number, and it is returned as a ready response, which FastAPI neither validates
nor serialises.
"""

import orjson
from fastapi import FastAPI, Response
from fastapi_model import Patient, charges

app = FastAPI()


@app.post("/predict_api")
async def predict_api(patient: Patient) -> Response:
    """Answer one row with the bare number."""
    return Response(orjson.dumps(charges(patient)), media_type="application/json")


@app.get("/healthz")
async def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", media_type="text/plain")
