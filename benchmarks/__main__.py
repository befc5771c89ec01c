"""`python -m benchmarks`: run every measurement and print its table in Markdown."""

from __future__ import annotations

import sys

from benchmarks import loop


def main() -> int:
    for title, table in loop.tables():
        print(f"### {title}\n\n{table}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
