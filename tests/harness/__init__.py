"""Tools of the tests: databases, network guard, live servers, a browser over plain HTTP, worlds of people."""
