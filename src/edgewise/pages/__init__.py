"""The page on which circuits are looked at: what Python hands to the viewer, in a file or in a notebook.

`viewer/` holds the viewer's sources; `built/` what they are built into by `make viewer`.
"""
