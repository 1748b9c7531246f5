"""Test-time personalization with a transformer (NeurIPS 2021), but for its adaptation."""
