"""The one port in front of all vendors: plain HTTP by path, and a proxy standing in for their host names."""

CERTIFICATE = "ca.pem"
"""The file in the home whose certificate a client has to trust."""
TRUST = "trust"
"""The folder that, on a Python client's path, makes it trust that certificate."""
