"""How do people hear and speak? The platforms, the gateway, the dispatcher, the command line."""
