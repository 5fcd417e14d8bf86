"""Training of the retriever: a map of the encoder's query vectors, or the encoder itself."""
