"""What connections to marketplaces and to assistants have in common: settings, sealed credentials, connectors."""
