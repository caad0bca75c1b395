#!/usr/bin/env python3
"""Prints weights and biases of scikit-learn's LinearSVC (LIBLINEAR) on the samples of `src/descriptors/svm.rs`.

    python3 -m venv venv && venv/bin/pip install scikit-learn && venv/bin/python tests/compare_svm.py

The unit test `classifiers_are_those_of_liblinear` holds those of the second class.
"""

import math

import numpy as np
from sklearn.svm import LinearSVC


def samples():
    """24 samples of three classes with five features."""
    labels = [i % 3 for i in range(24)]
    features = [
        [math.sin(7 * i + 3 * j + i * j) + 0.8 * math.cos(labels[i] * (j + 1)) for j in range(5)] for i in range(24)
    ]
    return np.array(features, dtype=np.float32).astype(float), labels


def main():
    features, labels = samples()
    for loss in ("hinge", "squared_hinge"):
        machine = LinearSVC(C=1.0, loss=loss, dual=True, tol=1e-10, max_iter=1_000_000, random_state=0)
        machine.fit(features, labels)
        print(f"{loss}: {machine.score(features, labels):.3f} of the samples")
        for weights, bias in zip(machine.coef_, machine.intercept_):
            print("   ", ", ".join(f"{number:.5f}" for number in [*weights, bias]))


if __name__ == "__main__":
    main()
