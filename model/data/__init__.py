"""Data sets: readers, joint conversions, and the pairs that training draws."""
