"""Measuring: the published metrics and experiments."""
