"""The first page: what needs somebody, in five seconds."""
