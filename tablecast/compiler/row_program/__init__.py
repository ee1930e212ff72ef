"""From a graph to the steps of ``row_program``: what one row goes through, number by number.

``recorder`` writes the steps down; ``elementwise``, ``shapes``, ``sums`` and ``tree_ensemble`` know
what each ONNX operator does to one row; ``trace`` walks the graph.
"""
