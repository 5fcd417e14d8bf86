"""The ways from text to vectors, one a file; `retrieval.encoder` chooses among them."""
