"""How good a circuit is."""
