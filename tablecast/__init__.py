"""tablecast: a table is cast once (trained, compiled, proven) and then forecast from."""

import os

__version__ = "0.1.0"

# Since 1.31, importing onnxruntime on Linux starts a thread that keeps a device id and a record of
# its use in the home folder, to be sent to its maker. Nothing about what is asked leaves from here;
# and a server that forks while that thread runs has workers that hang at their end.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
