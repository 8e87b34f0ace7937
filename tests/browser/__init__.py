"""A package, so that Chromium (and the event loop it holds) ends with the last of these tests."""
