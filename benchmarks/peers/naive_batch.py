"""The batch that anybody writes first: ``read_csv``, PyCaret's ``predict_model``, ``to_csv``.

python naive_batch.py DEPLOYMENT IN.csv OUT.csv; prints the seconds that these three took.
"""

import sys
import time

import pandas as pd
from pycaret.regression import load_model, predict_model

deployment, source, output = sys.argv[1:]
model = load_model(deployment, verbose=False)
began = time.perf_counter()
predict_model(model, data=pd.read_csv(source), verbose=False).to_csv(output, index=False)
print(f"{time.perf_counter() - began:.2f} s")
