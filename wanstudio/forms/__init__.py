"""Shapes of input, and nothing else."""
