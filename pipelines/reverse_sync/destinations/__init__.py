"""Where changes go: one module per vendor, all with the same few methods."""
