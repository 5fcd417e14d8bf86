"""Synthetic examples made from public datasets: what these lack, such as Chinese follow-ups and wide questions.

Each module names the public datasets it uses. Logged conversations are never used.
"""
