"""Masks that are learned: what a coefficient stands for, what it costs to keep edges, and the one loop."""
