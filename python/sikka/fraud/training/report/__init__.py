"""How a model did, as a page with charts that needs no network and no script."""
