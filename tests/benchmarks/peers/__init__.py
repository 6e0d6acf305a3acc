"""What others would build, with nothing that we promise: no key, no tenant, no idempotency, no limit, no event."""
