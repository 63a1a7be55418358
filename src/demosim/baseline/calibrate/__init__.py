"""Estimates of municipal migration and fertility from a history of registered populations."""

from demosim.baseline.calibrate.estimates import Calibration, Windows, calibrate, write_estimates

__all__ = ["Calibration", "Windows", "calibrate", "write_estimates"]
