"""SOQL: text to tokens to a tree to SQL over the org's tables."""
