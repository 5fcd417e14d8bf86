"""How the retriever learns: a map of its questions, or its whole English encoder."""
