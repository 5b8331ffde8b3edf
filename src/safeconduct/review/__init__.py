"""Review: what happened, what was asked, and what was answered.

So far it owns one word: `answered`, the step by which a party answers a question put to it.
"""
