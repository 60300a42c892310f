"""The parts of the page that `reproductions/edge_pruning.py` makes."""
