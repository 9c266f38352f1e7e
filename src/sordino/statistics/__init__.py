"""Figures with their uncertainty: pure functions of arrays and an explicit random generator.

Everything is a matrix of template x jurisdiction within one language and one measure. Templates are the
clusters of every figure. Which interval was chosen, and why, is measured by `benchmarks/coverage.py`.
"""
