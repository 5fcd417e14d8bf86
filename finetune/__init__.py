"""Fine-tuning from a deployment's own conversations.

Datasets are built from the log, adapters and retrievers are trained on them, evaluations compare the result with what
is live, and the gate decides whether it is promoted to a release.
"""
