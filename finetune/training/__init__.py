"""Training, over TRL, PEFT and sentence-transformers (the extra `finetune`): what `groundtalk finetune` runs.

A run is a folder; what it learnt lies in `artifact`. Nothing here is imported by a bot that only answers.
"""
