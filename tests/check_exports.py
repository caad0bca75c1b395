#!/usr/bin/env python3
"""Exports of labels read by the programs they are for, and their times beside the time stamps that ffprobe gives.

Needs ffmpeg, `pip install boris-behav-obs==8.27.4 pympi-ling datumaro label-studio-sdk` and the program:

    cargo build --release
    tests/check_exports.py target/release/motionscope

Videos of an even rate, of NTSC's, of a variable rate and one whose pictures begin late are drawn, and labelled by frame. Every
format is exported and read: BORIS by its own `project_functions`, ELAN by pympi, CVAT by datumaro, Label Studio by its SDK, and
CSV, ActivityNet and X-AnyLabeling, which are plain tables and JSON, by Python. Each time must be that of the frame, as exactly as
the format writes it. BORIS then exports a table, which is imported again.
"""

import argparse
import csv
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import types
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

NTSC = "30000/1001"
SEGMENTS = [("run", 3, 20), ("rest", 20, 21), ("run", 60, 90)]
WHOLE = "run"
# How far a time may be from the frame's, in seconds.
MILLISECOND, MICROSECOND = 0.00051, 0.0000011


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--keep", type=Path, help="folder for the files, instead of one that is removed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = arguments.keep or Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        stage = Stage(arguments.program.resolve(), folder.resolve())
        checks = [check_csv, check_activity_net, check_x_any_labeling, check_elan, check_boris, check_cvat, check_label_studio]
        failed = 0
        for check in checks:
            name = check.__name__.removeprefix("check_")
            try:
                print(f"{name}: {check(stage)}")
            except Exception as error:  # the others are worth knowing too
                print(f"{name}: WRONG: {type(error).__name__}: {error}")
                failed += 1
    sys.exit(1 if failed else 0)


class Stage:
    """A project of labelled videos, and when each of their frames is shown."""

    def __init__(self, program: Path, folder: Path):
        self.program, self.folder = program, folder
        clips = folder / "clips"
        (clips / "far").mkdir(parents=True, exist_ok=True)
        draw(clips / "even.mp4", "testsrc2=s=64x48:r=25:d=5")
        draw(clips / "far" / "ntsc.mp4", f"testsrc2=s=64x48:r={NTSC}:d=5")
        draw(clips / "film & 1.mkv", "testsrc2=s=64x48:r=30:d=5", "-vf", "select='lt(t,2)+gte(t,2)*not(mod(n,3))'", "-fps_mode", "vfr")
        ffmpeg("-itsoffset", "0.5", "-i", clips / "even.mp4", "-f", "lavfi", "-i", "sine=d=5.5", "-map", "0:v", "-map", "1:a",
               "-c:v", "copy", "-c:a", "aac", clips / "late.mp4")
        self.videos = sorted(clips.rglob("*.m*"))
        self.times = {video.name: frame_times(video) for video in self.videos}
        with open(folder / "labels.csv", "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["path", "label", "start_frame", "end_frame", "note"])
            for video in self.videos:
                table.writerow([video, WHOLE, "", "", ""])
                for place, (label, start, end) in enumerate(SEGMENTS):
                    table.writerow([video, label, start, end, f"note {place}"])
        self.project = folder / "project"
        self.run("project", "new", self.project, clips, "--classes", "run,rest", "--multi-label")
        self.run("project", "import", self.project, folder / "labels.csv")

    def run(self, *arguments) -> str:
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"{' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
        return done.stdout

    def export(self, kind: str, target: str) -> Path:
        self.run("project", "export", self.project, self.folder / target, "--format", kind)
        return self.folder / target

    def expected(self, name: str, whole: bool = True) -> list[tuple]:
        times = self.times[name]
        segments = [(label, times[start], times[end]) for label, start, end in SEGMENTS]
        return sorted(segments + ([(WHOLE, times[0], times[-1])] if whole else []))

    def compare(self, name: str, found: list[tuple], tolerance: float, whole: bool = True) -> int:
        expected, found = self.expected(name, whole), sorted(found)
        assert len(expected) == len(found), f"{name}: {found} instead of {expected}"
        for right, got in zip(expected, found):
            same = right[0] == got[0] and all(abs(a - b) <= tolerance for a, b in zip(right[1:], got[1:]))
            assert same, f"{name}: {got} instead of {right}"
        return len(found)


def ffmpeg(*arguments) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-y", "-loglevel", "error", *map(str, arguments)], check=True)


def draw(path: Path, source: str, *more: str) -> None:
    ffmpeg("-f", "lavfi", "-i", source, *more, "-c:v", "libx264", "-pix_fmt", "yuv420p", path)


def frame_times(video: Path) -> list[float]:
    """When each frame is shown on the clock of the file, and when the last one ends."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time,duration_time", "-of", "json", video]
    packets = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["packets"]
    times = sorted((float(packet["pts_time"]), float(packet["duration_time"])) for packet in packets)
    return [*(start for start, _ in times), sum(times[-1])]


def check_csv(stage: Stage) -> str:
    count, rows = 0, {}
    with open(stage.export("csv", "out.csv"), newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(Path(row["path"]).name, []).append(row)
    for name, of_video in rows.items():
        parts = [row for row in of_video if row["start"]]
        found = [(row["label"], float(row["start"]), float(row["end"])) for row in parts]
        count += stage.compare(name, found, MICROSECOND, whole=False)
        frames = sorted((row["label"], int(row["start_frame"]), int(row["end_frame"])) for row in parts)
        assert frames == sorted(SEGMENTS), frames
        assert [row["label"] for row in of_video if not row["start"]] == [WHOLE]
    assert len(rows) == len(stage.videos), rows.keys()
    return f"{count} segments"


def check_activity_net(stage: Stage) -> str:
    database, count = json.loads(stage.export("activity-net", "activity.json").read_text())["database"], 0
    for video in database.values():
        found = [(one["label"], *one["segment"]) for one in video["annotations"]]
        count += stage.compare(Path(video["path"]).name, found, MILLISECOND)
    assert len(database) == len(stage.videos)
    return f"{count} segments"


def check_x_any_labeling(stage: Stage) -> str:
    files, count = list(stage.export("x-any-labeling", "x-any").rglob("*.json")), 0
    for file in files:
        content = json.loads(file.read_text())
        found = [(one["label"], one["start_ms"] / 1000, one["end_ms"] / 1000) for one in content["segments"]]
        count += stage.compare(content["video"], found, MILLISECOND)
    assert len(files) == len(stage.videos)
    return f"{count} segments"


def check_elan(stage: Stage) -> str:
    import pympi
    from urllib.parse import unquote

    files, count = list(stage.export("elan", "elan").rglob("*.eaf")), 0
    for file in files:
        document = pympi.Eaf(str(file))
        (media,) = document.get_linked_files()
        video = (file.parent / unquote(media["RELATIVE_MEDIA_URL"])).resolve()
        assert video in stage.videos, f"{media['RELATIVE_MEDIA_URL']} leads to {video}"
        assert unquote(media["MEDIA_URL"]) == f"file://{video}", media["MEDIA_URL"]
        found = []
        for tier in document.get_tier_names():
            found += [(value, start / 1000, end / 1000) for start, end, value in document.get_annotation_data_for_tier(tier)]
        count += stage.compare(video.name, found, MILLISECOND)
        slots = document.timeslots
        assert len(slots) == 2 * len(found) and sorted(slots.values()) == list(slots.values()), slots
    assert len(files) == len(stage.videos)
    return f"pympi reads {count} annotations"


def boris_without_window() -> None:
    """Lets the modules of BORIS be imported without the package itself, which needs sound, and without its player."""
    package = types.ModuleType("boris")
    package.__path__ = list(importlib.util.find_spec("boris").submodule_search_locations)
    sys.modules["boris"] = package
    for player in ("mpv", "mpv2"):
        sys.modules[f"boris.{player}"] = types.ModuleType(player)
        sys.modules[f"boris.{player}"].dll = ""
        setattr(package, player, sys.modules[f"boris.{player}"])


def check_boris(stage: Stage) -> str:
    boris_without_window()
    from boris import config, export_observation, project_functions

    file, count = stage.export("boris", "out.boris"), 0
    _, _, project, message = project_functions.open_project_json(str(file))
    assert "error" not in project and not message, project
    problems = project_functions.check_project_integrity(project, config.HHMMSS, str(file))
    assert not problems.replace("<br>", ""), problems
    keys = [behaviour["key"] for behaviour in project[config.ETHOGRAM].values()]
    assert keys == ["1", "2"], keys
    for name, observation in project[config.OBSERVATIONS].items():
        assert project_functions.check_state_events_obs(name, project[config.ETHOGRAM], observation) == (True, "No problem detected")
        events = project_functions.events_start_stop(project[config.ETHOGRAM], observation[config.EVENTS], observation[config.TYPE])
        opened, found = {}, []
        for time, subject, code, modifier, *_, status in events:
            assert time == round(time, 3), time
            if status == config.START:
                opened[subject, code, modifier] = time
            else:
                found.append((code, float(opened.pop((subject, code, modifier))), float(time)))
        count += stage.compare(Path(name).name, found, MILLISECOND)
    assert len(project[config.OBSERVATIONS]) == len(stage.videos)

    # Its own table of events, imported into a project without labels.
    back = stage.folder / "back"
    stage.run("project", "new", back, stage.folder / "clips", "--classes", "run,rest", "--multi-label")
    for number, (name, observation) in enumerate(project[config.OBSERVATIONS].items()):
        parameters = {
            "time": config.TIME_FULL_OBS,
            config.SELECTED_SUBJECTS: ["whole clip", config.NO_FOCAL_SUBJECT],
            config.SELECTED_BEHAVIORS: ["run", "rest"],
        }
        table = stage.folder / f"events{number}.csv"
        ok, message = export_observation.export_tabular_events(
            project, parameters, name, observation, project[config.ETHOGRAM], str(table), "csv"
        )
        assert ok, message
        stage.run("project", "import", back, table)
    stage.run("project", "export", back, stage.folder / "back.json", "--format", "json")
    for video in json.loads((stage.folder / "back.json").read_text())["videos"]:
        frames = sorted((one["label"], one["start"], one["end"]) for one in video["segments"])
        assert frames == sorted(SEGMENTS) and video["labels"] == [WHOLE], (video["path"], frames, video["labels"])
    return f"opens with {count} states, no problem detected; its tables come back to the frame"


def check_cvat(stage: Stage) -> str:
    from datumaro.plugins.data_formats.cvat.base import CvatBase
    from datumaro.components.annotation import AnnotationType

    files, count = list(stage.export("cvat", "cvat").rglob("*.xml")), 0
    for file in files:
        dataset = CvatBase(str(file))
        labels = dataset.categories()[AnnotationType.label]
        name = next(video.name for video in stage.videos if video.stem == file.stem)
        times, tracks = stage.times[name], {}
        for item in dataset:
            for box in item.annotations:
                track = tracks.setdefault(box.attributes["track_id"], {"label": labels[box.label].name})
                track["end" if box.attributes["outside"] else "start"] = times[int(item.attributes["frame"])]
        found = [(track["label"], track["start"], track.get("end", times[-1])) for track in tracks.values()]
        count += stage.compare(name, found, MICROSECOND)
    assert len(files) == len(stage.videos)
    return f"datumaro reads {count} tracks"


def check_label_studio(stage: Stage) -> str:
    from label_studio_sdk.label_interface import LabelInterface
    from label_studio_sdk.label_interface.control_tags import TimelineLabelsValue

    interface = LabelInterface(
        """<View>
        <Video name="video" value="$video" frameRate="$fps"/>
        <TimelineLabels name="timeline" toName="video"><Label value="run"/><Label value="rest"/></TimelineLabels>
        <Choices name="clip" toName="video" choice="multiple"><Choice value="run"/><Choice value="rest"/></Choices>
        </View>"""
    )
    tasks, count = json.loads(stage.export("label-studio", "studio.json").read_text()), 0
    for task in tasks:
        (annotation,) = task["annotations"]
        assert interface.validate_annotation(annotation), annotation
        name, fps, found = Path(task["data"]["video"]).name, task["data"]["fps"], []
        for region in annotation["result"]:
            assert interface.validate_region(region), region
            if region["type"] == "timelinelabels":
                value = TimelineLabelsValue(**region["value"])
                found += [(value.timelinelabels[0], (one.start - 1) / fps, one.end / fps) for one in value.ranges]
        # A frame of the interface is the finest it can tell.
        count += stage.compare(name, found, 0.5 / fps + MICROSECOND, whole=False)
    assert len(tasks) == len(stage.videos)
    return f"the SDK validates {count} regions"


if __name__ == "__main__":
    main()
