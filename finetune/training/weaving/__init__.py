"""Examples that public data lacks, woven out of what it has: follow-ups in Chinese, and wide questions.

Each module knows the data that it weaves from; none touches what comes from a log.
"""
