"""Training the reader: questions with candidate passages, the model, the losses, the run."""
