"""Reviews: what they say, and how sure that is. Mathematics and models that know neither Django nor the project."""
