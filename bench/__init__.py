"""The product beside its peers, on the same bytes: `python -m bench` (see README.md)."""
