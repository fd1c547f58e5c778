"""What people say in a dialogue and what is true of it: an embedded writer, a language model, your own."""
