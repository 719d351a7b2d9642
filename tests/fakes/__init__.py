"""Stand-ins at the network: nothing else is faked."""
