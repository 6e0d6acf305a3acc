"""Language models: asking them, within what they and the tenant allow, and what it costs."""
