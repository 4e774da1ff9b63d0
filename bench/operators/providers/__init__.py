"""Packages that implement operators of ours, one a file: ``PROVIDER = Provider(package=…, offers={…})``.

`bench.operators._provider` is the contract. A file imports neither torch nor its package at its top.
"""
