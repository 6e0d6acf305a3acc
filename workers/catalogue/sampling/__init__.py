"""What customers of the sample write and send back: made up from templates, products and a seed."""
