"""Derivative-model lineage of the Hugging Face Hub: the domain and everything that answers questions."""

__version__ = "0.1.0"
