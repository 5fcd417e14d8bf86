"""The reader: a trained cross-encoder that says of a passage whether it answers, and which of its sentences do."""
