"""What can be chosen, by name alone: for completion, which must not wait for torch.

The tables of what the names stand for lie where the code is, and most import torch; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, tuple[str, ...]] = {
    "methods": (
        *("eap", "eap-ig-inputs", "eap-ig-activations", "eap-ig-mask", "clean-corrupted", "relp", "gim"),
        *("activation-patching", "acdc", "node-attribution", "hisp", "information-flow-routes"),
        *("weight-gradients", "direct-effect", "eap-then-acdc", "edge-pruning", "interpolation-descent"),
        *("subnetwork-probing", "ugs"),
    ),
    "tasks": (
        *("ioi", "greater-than", "docstring", "induction", "gendered-pronoun"),
        *("tracr-reverse", "tracr-xproportion"),
    ),
    "metrics": ("logit-diff", "prob-diff", "kl", "neg-log-prob", "accuracy", "mean-squared-error"),
    "ablations": ("corrupted", "zero", "mean", "optimal"),
    "unit_ablations": ("corrupted", "zero", "mean"),
    "grains": ("neurons", "channels", "stream", "weights"),
    "splits": ("train", "validation", "test"),
    "averagings": ("ratio-of-means", "mean-of-ratios"),
    "granularities": ("edges", "nodes"),
    "orders": ("absolute", "value"),
    "pictures": ("circuit", "heads", "scores", "training", "roc", "faithfulness", "effects"),
    "forms": ("svg", "png", "pdf"),
    "dtypes": ("bfloat16", "float16", "float32", "float64"),
}
PRESETS: Mapping[str, tuple[str, ...]] = {
    "edge-pruning": ("paper", "paper-tracr-reverse", "paper-tracr-xproportion"),
    "interpolation-descent": ("paper",),
}
"""By the method that has them."""
