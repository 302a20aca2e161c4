"""The store of named datasets: downloading, unpacking and verifying them."""
