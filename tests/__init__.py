"""The tests of Sikka; `tests.harness` starts the servers that they and the benches need."""
