"""Amazon, through its Selling Partner API.

Plain httpx rather than python-amazon-sp-api (2.1.35, read in November 2026): that opens clients of its own, so that
every call would go around the guarded one, and reaches no other endpoint than Amazon's. It keeps no rate limits (its
retries sleep outside the run's pace, five seconds and more), makes floats of amounts, has no types, writes access
tokens to its debug log, and is 20,000 lines, without its asyncio twin, for the seven operations of client.py.
"""
