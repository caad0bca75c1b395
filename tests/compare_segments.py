#!/usr/bin/env python3
"""Compares `motionscope evaluate segments` with the evaluation kits of THUMOS 2014 and ActivityNet, written again from what
they do, on random annotations and detections.

    python3 tests/compare_segments.py [--program target/release/motionscope] [--trials 50]

Needs nothing but Python. Exits with 1 if a mean average precision differs by more than 1e-9.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

CLASSES = ["Diving", "GolfSwing", "Shotput"]


def overlap(a, b):
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return shared / (max(a[1], b[1]) - min(a[0], b[0])) if shared > 0 else 0.0


def thumos(truths, ambiguous, detections, threshold):
    """TH14eventdetpr.m of the kit as it was updated in 2015; every segment is (video, start, end[, score])."""
    ranked = []  # (score, whether it is a hit), video after video, in each the best first
    for video in sorted({t[0] for t in truths} | {d[0] for d in detections}):
        found = sorted((d for d in detections if d[0] == video), key=lambda d: -d[3])
        free = [True] * len(found)
        for truth in (t for t in truths if t[0] == video):
            best, place = -1.0, None
            for i, detection in enumerate(found):
                value = overlap(truth[1:3], detection[1:3])
                if free[i] and value > best:
                    best, place = value, i
            if place is not None and best > threshold:
                free[place] = False
        doubtful = [a for a in ambiguous if a[0] == video]
        for i, detection in enumerate(found):
            doubt = sum(overlap(a[1:3], detection[1:3]) for a in doubtful)
            if not free[i] or doubt == 0:
                ranked.append((detection[3], not free[i]))
    ranked.sort(key=lambda r: -r[0])
    hits, precision = 0, 0.0
    for count, (_, is_hit) in enumerate(ranked, 1):
        hits += is_hit
        precision += is_hit * hits / count
    return precision / len(truths)


def activity_net(truths, detections, threshold):
    """compute_average_precision_detection of ActivityNet's kit."""
    taken = [False] * len(truths)
    hits = []
    for detection in sorted(detections, key=lambda d: -d[3]):
        places = [i for i, truth in enumerate(truths) if truth[0] == detection[0]]
        places.sort(key=lambda i: -overlap(truths[i][1:3], detection[1:3]))
        hit = False
        for i in places:
            if overlap(truths[i][1:3], detection[1:3]) < threshold:
                break
            if not taken[i]:
                taken[i] = hit = True
                break
        hits.append(hit)
    recalls, precisions, count = [0.0], [0.0], 0
    for number, hit in enumerate(hits, 1):
        count += hit
        recalls.append(count / len(truths))
        precisions.append(count / number)
    recalls.append(1.0)
    precisions.append(0.0)
    for i in reversed(range(len(precisions) - 1)):
        precisions[i] = max(precisions[i], precisions[i + 1])
    return sum((recalls[i] - recalls[i - 1]) * precisions[i] for i in range(1, len(recalls)))


def scene(rng):
    """Annotations and detections by class; scores never equal, for which ActivityNet's kit has no order."""
    truths, detections, ambiguous = {}, {}, []
    videos = [f"video_{i}" for i in range(4)]

    def segment():
        start = rng.uniform(0, 60)
        return start, start + rng.uniform(1, 20)

    for name in CLASSES:
        truths[name] = [(rng.choice(videos), *segment()) for _ in range(rng.randint(1, 12))]
        near = [(v, s + rng.gauss(0, 2), e + rng.gauss(0, 2)) for v, s, e in truths[name] for _ in range(rng.randint(0, 4))]
        far = [(rng.choice(videos), *segment()) for _ in range(rng.randint(0, 8))]
        detections[name] = [(v, s, max(e, s + 0.1), rng.random()) for v, s, e in near + far]
        rng.shuffle(detections[name])
    ambiguous = [(rng.choice(videos), *segment()) for _ in range(rng.randint(0, 3))]
    return truths, ambiguous, detections


def files(folder, truths, ambiguous, detections):
    (folder / "truth").mkdir(exist_ok=True)
    for name, segments in [*truths.items(), ("Ambiguous", ambiguous)]:
        lines = "".join(f"{v} {s!r} {e!r}\n" for v, s, e in segments)
        (folder / "truth" / f"{name}_test.txt").write_text(lines)
    results = {}
    for name, segments in detections.items():
        for video, start, end, score in segments:
            results.setdefault(video, []).append({"label": name, "score": score, "segment": [start, end]})
    (folder / "detections.json").write_text(json.dumps({"results": results}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/motionscope")
    parser.add_argument("--trials", type=int, default=50)
    arguments = parser.parse_args()
    worst = 0.0
    for trial in range(arguments.trials):
        truths, ambiguous, detections = scene(random.Random(trial))
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files(folder, truths, ambiguous, detections)
            for kit, thresholds in [("thumos", [0.1, 0.3, 0.5, 0.7]), ("activitynet", [0.5, 0.75, 0.95])]:
                line = [arguments.program, "evaluate", "segments", "--truth", folder / "truth", "--subset", "test"]
                line += ["--detections", folder / "detections.json", "--averaging", kit, "--json"]
                line += ["--ious", ",".join(map(str, thresholds))]
                report = json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
                for threshold, found in zip(thresholds, report["map"]):
                    if kit == "thumos":
                        each = [thumos(truths[c], ambiguous, detections[c], threshold) for c in CLASSES]
                    else:
                        each = [activity_net(truths[c], detections[c], threshold) for c in CLASSES]
                    worst = max(worst, abs(found - sum(each) / len(each)))
    print(f"{arguments.trials} trials, largest difference of a mean average precision {worst:.1e}")
    sys.exit(worst > 1e-9)


if __name__ == "__main__":
    main()
