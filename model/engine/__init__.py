"""What trainings share: their run, batches, checkpoints, metrics and ranks."""
