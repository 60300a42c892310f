"""What a run needs - memory, operations - worked out from a model's config alone."""
