"""On what accuracy is taken: one task a file, ``TASK = MyTask()``, its contract in `_base`.

A task brings samples and says how what a network gives on them is scored. It knows neither operators nor training:
the same samples go to a small transformer that is trained from scratch and to a pretrained model. Listing and
planning need no torch. Other packages add tasks by the entry point ``bench.tasks``.
"""

from bench.catalogue import Catalogue

__all__ = ["catalogue", "load", "names"]

catalogue = Catalogue("task", "bench.measure.tasks", attribute="TASK", entry_points="bench.tasks")
names = catalogue.names
load = catalogue.load
