"""The marketplaces that jobs read offers from and write prices to: small protocols, one package per connector.

`protocols.py` says what a connector can be, `connectors.py` lists them, `connections.py` finds a tenant's. A
connector knows neither jobs nor the API.
"""
