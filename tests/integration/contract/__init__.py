"""The document that tests/integration/test_contract.py walks."""
