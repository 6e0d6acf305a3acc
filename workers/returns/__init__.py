"""Reasons for returns, and what stands out in them: pure mathematics, without Django or the project."""
