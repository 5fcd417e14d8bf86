"""Examples that public data lacks, woven out of what it has: follow-ups in Chinese, and wide questions.

Each module knows by name the public data that it weaves from. Nothing that comes from a log is woven.
"""
