"""Learning: evaluation today; datasets from logs, training, the gate and releases build on it."""
