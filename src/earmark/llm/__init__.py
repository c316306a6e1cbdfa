"""Which language model writes: vendors' adapters, their settings, prompts, failures and fallbacks.

Decides: which model is asked, with which prompt, and what its text means. Never: which passages it gets.
"""
