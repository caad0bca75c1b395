#!/usr/bin/env python3
"""Prints scikit-learn's figures of the two labellings in `src/predictions/agreement_tests.rs`, and compares those of
`motionscope evaluate agreement` with scikit-learn's on random labels.

    python3 -m venv venv && venv/bin/pip install scikit-learn
    venv/bin/python tests/compare_agreement.py [--program target/release/motionscope] [--trials 20]

The unit test `figures_are_those_of_scikit_learn` holds what is printed. Exits with 1 if a figure of the program differs by more
than 1e-6.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from sklearn.metrics import cohen_kappa_score, confusion_matrix, f1_score, precision_score, recall_score

CLASSES = ["walk", "rear", "groom"]
LABELS = [*CLASSES, "background"]


def fixed():
    """200 frames with labels 0 to 3, of which 3 is background."""
    a = [(i * i // 50 + i // 13) % 4 for i in range(200)]
    b = [label if i * 5 % 7 < 5 else i * 3 % 4 for i, label in enumerate(a)]
    return a, b


def figures(a, b):
    """Kappa, accuracy, macro and micro F1, then kappa, F1, precision and recall of each class."""
    classes = list(range(len(CLASSES)))
    found = {
        "kappa": cohen_kappa_score(a, b, labels=[*classes, len(classes)]),
        "macro_f1": f1_score(a, b, labels=classes, average="macro"),
        "micro_f1": f1_score(a, b, labels=classes, average="micro"),
    }
    for place, name in enumerate(CLASSES):
        one, other = [label == place for label in a], [label == place for label in b]
        found[name] = [
            cohen_kappa_score(one, other), f1_score(one, other), precision_score(one, other), recall_score(one, other)
        ]
    return found


def runs(labels):
    start = 0
    for i in range(1, len(labels) + 1):
        if i == len(labels) or labels[i] != labels[start]:
            yield {"label": LABELS[labels[start]], "start": start, "end": i}
            start = i


def label_file(path, labels):
    facts = {"frames": len(labels), "fps": 25.0, "start_secs": 0.0, "size": [64, 48], "bytes": 1000, "hash": "00ff"}
    video = {"path": "a.mp4", "facts": facts, "labels": [], "segments": list(runs(labels))}
    classes = [{"name": name, "color": "#808080"} for name in CLASSES]
    path.write_text(json.dumps({"motionscope-labels": 1, "classes": classes, "videos": [video]}))


def program_figures(program, a, b):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        label_file(folder / "a.json", a)
        label_file(folder / "b.json", b)
        line = [program, "evaluate", "agreement", folder / "a.json", folder / "b.json", "--out", folder / "out"]
        subprocess.run(line, check=True, capture_output=True)
        report = json.loads((folder / "out" / "agreement.json").read_text())
    if report["confusion"] != confusion_matrix(a, b, labels=range(len(LABELS))).tolist():
        sys.exit("the confusion matrices differ")
    found = {"kappa": report["kappa"], "macro_f1": report["macro_f1"], "micro_f1": report["overall"]["f1"]}
    for entry in report["classes"]:
        found[entry["class"]] = [entry["frames"][key] for key in ("kappa", "f1", "precision", "recall")]
    return found


def flat(found):
    return [number for value in found.values() for number in (value if isinstance(value, list) else [value])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program")
    parser.add_argument("--trials", type=int, default=20)
    arguments = parser.parse_args()
    a, b = fixed()
    print(confusion_matrix(a, b, labels=range(len(LABELS))).tolist())
    for name, value in figures(a, b).items():
        print(f"{name}: {value}")
    if not arguments.program:
        return
    worst = 0.0
    for trial in range(arguments.trials):
        rng = random.Random(trial)
        a = [rng.randrange(4) for _ in range(40) for _ in range(rng.randint(1, 30))]
        b = [label if rng.random() < 0.8 else rng.randrange(4) for label in a]
        pairs = zip(flat(figures(a, b)), flat(program_figures(arguments.program, a, b)))
        worst = max(worst, *(abs(ours - theirs) for theirs, ours in pairs))
    print(f"{arguments.trials} trials, largest difference {worst:.1e}")
    sys.exit(worst > 1e-6)


if __name__ == "__main__":
    main()
