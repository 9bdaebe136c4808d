"""An embedder that is quick and says how much it was asked."""

from array import array
from hashlib import blake2b
from math import sqrt


class Counting:
    """Vectors of 8 numbers by the words of a text; `asked` are the texts it was given."""

    name, size, state = "counting", 8, b""

    def __init__(self):
        self.asked = []

    def learned(self, texts):
        return self

    def embed(self, texts):
        self.asked += texts
        return [self.vector(text) for text in texts]

    def vector(self, text):
        numbers = [0.0] * self.size
        for word in text.lower().split():
            numbers[blake2b(word.encode("utf-8", "replace")).digest()[0] % self.size] += 1.0
        length = sqrt(sum(n * n for n in numbers)) or 1.0
        return array("f", [n / length for n in numbers])
