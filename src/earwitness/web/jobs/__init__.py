"""What the site does beside answering: runs and checks, each bounded in number."""
