"""A package, so that its modules may have the names that tests of other rooms have."""
