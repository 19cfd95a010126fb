"""The language of screens: text or a polars expression, read, checked and compiled.

::

    text --tokens--> parser --names, functions--> terms --> expression (polars)
    pl.Expr -------> python ----------------------^   \\--> arrays (NumPy, for the common part)
"""
