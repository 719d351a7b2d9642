"""The edges: platforms, gateway, dispatcher."""
