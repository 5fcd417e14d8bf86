"""Training with TRL, PEFT and sentence-transformers (the extra `finetune`).

A run is a folder; what it trained lies in `artifact`. A bot that only answers imports nothing from here.
"""
