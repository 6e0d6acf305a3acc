"""One folder per job type. The job.py of every folder here is imported at start, and registers its type."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    if _module.ispkg:
        import_module(f"{__name__}.{_module.name}.job")
