"""How long and how often the job may run."""

from aijobs.registry import Limits

# 50 questions, three times to each of three assistants that take 5 seconds, are answered in about 100 seconds.
LIMITS = Limits(
    soft_seconds=1500,
    hard_seconds=1560,
    attempts=5,
    backoff_seconds=10,
    backoff_cap_seconds=300,
    typical_seconds=120,
    typical_range=(60, 300),
)
