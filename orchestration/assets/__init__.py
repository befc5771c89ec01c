"""Assets by step of the loop. Bodies call the Loop and tell Dagster what it said."""
