"""What a model is asked to do: prompt pairs and the metric that says how well it does it."""
