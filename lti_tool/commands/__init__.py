"""Groups of the command line that need more than a few lines; `lti_tool.cli` puts them together."""
