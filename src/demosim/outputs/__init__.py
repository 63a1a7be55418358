"""What a reader gets: NetCDF, tables, workbook, page."""
