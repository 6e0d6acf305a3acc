"""Webhooks: what happens to a tenant's jobs, sent to the tenant's own endpoints.

`recording` turns the log of events into deliveries, `claiming` says which are sent now, `sending` sends one,
`outcomes` writes down what came of it, and `delivering` is the loop of the worker that does all four.
"""
