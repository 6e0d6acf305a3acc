"""The marketplaces that jobs read offers from and write prices to: one small protocol, one module per connector.

`protocols.py` says what a connector is, `connectors.py` lists them, `connections.py` finds a tenant's. A connector
knows neither jobs nor the API.
"""
