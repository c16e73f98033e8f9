"""Where the memory behind the features is kept: in this process, or in Redis for all of them."""
