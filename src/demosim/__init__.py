"""What will population change cost?"""

from demosim._version import __version__

__all__ = ["__version__"]
