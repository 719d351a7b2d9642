"""The plug is pulled at each of the named points; nothing acknowledged is missing, and nothing is done twice."""
