"""Documents, chunks, encoders and search. Knows nothing of conversations, channels or settings."""
