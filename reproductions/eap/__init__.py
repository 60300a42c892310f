"""The parts of the page that `reproductions/eap_paper.py` makes: a file for figures of one kind."""
