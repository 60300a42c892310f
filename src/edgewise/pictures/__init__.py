"""Numbers as pictures, by matplotlib: `pip install 'edgewise[pictures]'`."""
