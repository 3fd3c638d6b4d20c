"""One file for each operation: the tables that the suites are made of. A new operation is a new file here."""

import importlib
import pkgutil


def all_tables():
    """Every table, by the name of its operation."""
    modules = [importlib.import_module(f"tables.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.OPERATION.name: module for module in modules}
