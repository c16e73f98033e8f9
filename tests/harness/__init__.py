"""Private servers for tests and benches: started on free ports, stopped by the one who started."""
