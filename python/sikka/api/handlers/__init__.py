"""What each route does, one file a resource. A handler takes a call and returns a reply."""
