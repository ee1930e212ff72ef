"""The port that anybody writes first: PyCaret's ``predict_model`` in a Flask route."""

import os

import pandas as pd
from flask import Flask, jsonify, request
from pycaret.regression import load_model, predict_model

model = load_model(os.environ["TABLECAST_DEPLOYMENT"], verbose=False)
app = Flask(__name__)


@app.post("/predict_api")
def predict_api():
    """Answer one row with the bare number."""
    table = pd.DataFrame([request.get_json()])
    answer = predict_model(model, data=table, verbose=False)
    return jsonify(float(answer["prediction_label"].iloc[0]))


@app.get("/healthz")
def healthz():
    """The process answers."""
    return "ok\n"
