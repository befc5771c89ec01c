"""What to extract from each CRM, and how it gets into the warehouse: catalog, windows, spool, load.

Two halves: `fetch` goes from HTTP to Parquet files and holds no lock; `load` goes from those files to schemas
`raw_<vendor>` of the refresh in the works, with dlt.
"""
