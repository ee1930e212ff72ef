"""tablecast: a table is cast once (trained, compiled, proven) and then forecast from.

The modules in the order that data flows:

    table, reading/                     a table from a file or a URL, its cells read and looked over
    field, schema, form/                one description of the fields; what a form file adds to it
    features, terms, bounded, tempered  steps of a pipeline that are our own
    training, experiments/, automl/     from a table to a fitted PyCaret pipeline; the search
    evaluation/, intervals/             what it is worth on rows that it has not seen, and how sure
    artifact, graphfile, staging        a deployment's files, written whole and read without trust
    compiler/                           from the pipeline to the graph, and the proof of equality
    cast                                all of the above in two functions
    engines, scalar, predictor          from valid values to an answer
    explain, whatif, reasons            why this answer, and how it would move
    pages, card_page/                   the form, the answer and the model card, as HTML
    api, openapi/                       the same as JSON, and its description
    batch, batch_pages, files/          files of rows, answered at constant memory
    serving/                            the web application, and both servers' side of it
    cli, terminal/                      the command line
"""

import os

__version__ = "0.1.0"

# Since 1.31, importing onnxruntime on Linux starts a thread that keeps a device id and a record of
# its use in the home folder, to be sent to its maker. Nothing about what is asked leaves from here;
# and a server that forks while that thread runs has workers that hang at their end.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
