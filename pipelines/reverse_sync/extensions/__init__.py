"""Data extensions of a team's own: their rows as desired and existing state, and whether they fit."""
