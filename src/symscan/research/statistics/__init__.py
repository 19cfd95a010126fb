"""What came after hits, and how sure that is: outcomes, controls, intervals, costs; NumPy alone, no I/O.

Floats are float64, unknown is NaN; instants are int64, UTC microseconds; *cells* are arrays ``(scans,
symbols)``.
"""
