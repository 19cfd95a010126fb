"""The dashboard: finished runs in a browser, read only.

::

    browser --HTTP--> security -> application -> queries -> symscan.open_run, stores
    static: the page, its modules, and the chart libraries it brings along
"""
