"""HTTP edges: API and console.  They read the request, call `desk` and write the answer; no rule lives here."""
