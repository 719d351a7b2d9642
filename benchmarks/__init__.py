"""How fast Clearway answers, beside a bare Bolt app measured in the same minutes: `python -m benchmarks`.

Only ratios count: each is taken between two servers that took turns within one run on one machine. What is compared
stands in `targets`, the servers in `real`, `bare` and `by_hand`. See docs/performance.md.
"""
