"""May this data pass? Great Expectations suites as Python, a registry of gates and warnings, a runner."""
