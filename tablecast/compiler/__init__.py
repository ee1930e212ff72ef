"""A fitted PyCaret pipeline as one float64 ONNX graph, proven to give the same predictions."""

from tablecast.compiler.pipeline import compile_features, compile_pipeline
from tablecast.compiler.proof.prove import Proof, prove, pycaret_reference

__all__ = ["Proof", "compile_features", "compile_pipeline", "prove", "pycaret_reference"]
