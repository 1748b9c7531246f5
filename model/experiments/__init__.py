"""The papers' experiments, listed in ``catalogue``: tables, figures, what they are made with."""
