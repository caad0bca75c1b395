//! Video files of a labelling project: search, probing, and export of clips.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::frame_times::FrameTimes;
use crate::labels::formats::{self, Cut, Exported, Format, exported_clips, folder_of, prepare};
use crate::labels::media_scan::{Progress, ScanFault, ScanResult, check_video, find_videos, fingerprint};
use crate::labels::{Change, Document, Facts, Step, StoredPath, Video, times};
use crate::output::{Existing, Staging, in_words};
use crate::video::{Geometry, Sizes, VideoReader, VideoWriter, natural_order};

/// Returns the videos in `folder` and its subfolders in natural order, and stops early once `go_on` returns false.
/// Skips clips that were created by an export, unless there is nothing else.
pub fn videos_in(folder: &Path, is_video: &dyn Fn(&Path) -> bool, go_on: &dyn Fn() -> bool) -> ScanResult {
    let mut found = find_videos(folder, is_video, go_on);
    leave_out_exported(&mut found);
    found.videos.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
    found
}

fn leave_out_exported(found: &mut ScanResult) {
    // An export has one folder per class.
    let roots: BTreeSet<PathBuf> =
        found.videos.iter().filter_map(|path| Some(path.parent()?.parent()?.into())).collect();
    let exported: BTreeMap<PathBuf, BTreeSet<PathBuf>> =
        roots.into_iter().map(|root| (root.clone(), exported_clips(&root))).collect();
    let root_of = |path: &PathBuf| {
        let root = path.parent().and_then(Path::parent)?;
        exported.get(root)?.contains(path).then(|| root.to_owned())
    };
    let mut counts: BTreeMap<PathBuf, usize> = BTreeMap::new();
    found.videos.iter().filter_map(root_of).for_each(|root| *counts.entry(root).or_default() += 1);
    let all: usize = counts.values().sum();
    if all == found.videos.len() {
        return; // The user chose the export's folder itself.
    }
    found.videos.retain(|path| root_of(path).is_none());
    found.exported = all;
    for (root, count) in counts {
        let (cause, remedy) = match count {
            1 => (
                "1 clip skipped, because a label export cut it from another video".to_owned(),
                "Choose the folder of that export to add it anyway",
            ),
            _ => (
                format!("{count} clips skipped, because a label export cut them from other videos"),
                "Choose the folder of that export to add them anyway",
            ),
        };
        found.notes.push(Error::file(&root, cause, remedy));
    }
}

/// Probes the video file at `path`, a video of the project in `dir`: opens it and counts its frames. Stores the frame
/// times of a variable-rate video in the project.
///
/// # Errors
/// If it is not a readable video, or its times cannot be stored.
pub fn facts_of(path: &Path, dir: &Path) -> Result<Facts> {
    let (facts, times) = examine(path)?;
    times::keep(dir, &facts, &times)?;
    Ok(facts)
}

/// Probes the video file at `path` and returns its frame times too; stores nothing.
///
/// # Errors
/// If it is not a readable video.
pub fn examine(path: &Path) -> Result<(Facts, FrameTimes)> {
    let reader = VideoReader::open(path, Sizes { display_max: 16, scaled: Vec::new() })?;
    let info = reader.info();
    let (bytes, hash) = fingerprint(path)?;
    let facts = Facts {
        frames: info.frames,
        fps: info.fps,
        start_secs: Some(reader.times().start_secs()),
        variable_rate: reader.times().as_listed().is_some(),
        size: [info.width, info.height],
        bytes,
        hash,
    };
    Ok((facts, reader.times().clone()))
}

/// Returns the video file at `path` as a video of the project in `dir`, without labels.
///
/// # Errors
/// Same as [`facts_of`].
pub fn probe(path: &Path, dir: &Path) -> Result<Video> {
    Ok(Video { facts: Some(facts_of(path, dir)?), ..Video::new(StoredPath::encode(path, dir)) })
}

/// Probes the videos of a project whose frame times are unknown, as in projects of earlier versions; the returned step
/// contains the times of unchanged videos. The times of variable-rate videos are stored in the project if `is_kept`,
/// else in memory.
pub fn time_videos(document: &Document, dir: &Path, is_kept: bool) -> Step {
    let look = |path: &Path| match is_kept {
        true => facts_of(path, dir),
        false => examine(path).map(|(facts, times)| {
            times::hold(&facts, &times);
            facts
        }),
    };
    let mut changes = Vec::new();
    for (id, video) in &document.videos {
        let known = video.facts.as_ref();
        if video.locked.is_some() || known.is_some_and(|facts| times::read(dir, facts).is_ok()) {
            continue;
        }
        let path = StoredPath::decode(&video.path, dir);
        let Some(facts) = path.is_file().then(|| look(&path).ok()).flatten() else { continue };
        if known.is_none_or(|known| known.hash == facts.hash) {
            changes.push(Change::Video(*id, Some(Video { facts: Some(facts), ..video.clone() })));
        }
    }
    Step::new("Rescanned videos", changes)
}

/// Writes the labels of the project in `dir` to `target`, and with `with_clips` also the clips: either all files, or
/// none if `progress` stops it between frames. Returns `None` if it was stopped.
///
/// # Errors
/// If a video for clips cannot be read or differs from the labelled one, or a file may not or cannot be written; no
/// file is left then.
pub fn export_labels(order: &LabelExport<'_>, progress: Progress<'_>) -> Result<Option<Exported>> {
    let LabelExport { format, document, dir, target, with_clips, existing } = *order;
    let mut exported = prepare(format, document, dir, target)?;
    let guard = formats::guard(document, dir, existing);
    guard.check(&order.targets(&exported))?;
    if with_clips {
        refuse_changed(&exported.cuts, document, dir)?;
    }
    let changed: Vec<_> = changed_videos(document, dir, false).iter().map(|path| note_changed(path)).collect();
    exported.is_doubtful |= !changed.is_empty();
    exported.notes.extend(changed);
    let staging = Staging::begin(folder_of(format, target))?;
    exported.stage(&staging)?;
    if with_clips {
        let ControlFlow::Continue(damages) = cut_clips(&exported.cuts, &staging, progress)? else { return Ok(None) };
        exported.notes.extend(damages);
    }
    staging.publish(&guard)?;
    Ok(Some(exported))
}

/// An export of labels.
#[derive(Debug, Clone, Copy)]
pub struct LabelExport<'a> {
    /// The format.
    pub format: Format,
    /// The labels.
    pub document: &'a Document,
    /// The folder of the project.
    pub dir: &'a Path,
    /// The output file or folder.
    pub target: &'a Path,
    /// Whether to write the clips named in the lists.
    pub with_clips: bool,
    /// Whether to replace existing files.
    pub existing: Existing,
}

impl LabelExport<'_> {
    /// Returns the files that exist and would be replaced.
    ///
    /// # Errors
    /// If a file may not be written at all.
    pub fn replaced(&self) -> Result<Vec<PathBuf>> {
        let exported = prepare(self.format, self.document, self.dir, self.target)?;
        formats::guard(self.document, self.dir, self.existing).existing(&self.targets(&exported))
    }

    fn targets(&self, exported: &Exported) -> Vec<PathBuf> {
        let cuts = exported.cuts.iter().filter(|_| self.with_clips).map(|cut| cut.target.clone());
        exported.files.iter().cloned().chain(cuts).collect()
    }
}

/// Returns the labelled videos of the project in `dir` whose files have changed since; unless `thorough`, compares
/// lengths only.
fn changed_videos(document: &Document, dir: &Path, thorough: bool) -> Vec<PathBuf> {
    let has_labels = |video: &&Video| !video.labels.is_empty() || !video.segments.is_empty();
    let labelled = document.videos.values().filter(has_labels);
    let changed = labelled.filter(|video| check_video(video, dir, thorough) == Some(ScanFault::Changed));
    changed.map(|video| StoredPath::decode(&video.path, dir)).collect()
}

fn note_changed(path: &Path) -> Error {
    let cause = "the video has changed since it was labelled, so its labels may be at the wrong frames";
    Error::file(path, cause, "Check its labels, then accept the changed file with `motionscope project check --accept`")
}

/// Fails if a video for clips differs from the labelled one.
fn refuse_changed(cuts: &[Cut], document: &Document, dir: &Path) -> Result<()> {
    if cuts.is_empty() {
        return Ok(());
    }
    let mut changed = changed_videos(document, dir, true);
    changed.retain(|path| cuts.iter().any(|cut| cut.video == *path));
    let (cause, remedy) = match changed.len() {
        0 => return Ok(()),
        1 => (
            "changed since it was labelled, so clips cut out of it may show something else",
            "Check its labels, accept the changed file with `motionscope project check --accept` and export again; nothing was written",
        ),
        _ => (
            "changed since they were labelled, so clips cut out of them may show something else",
            "Check their labels, accept the changed files with `motionscope project check --accept` and export again; \
             nothing was written",
        ),
    };
    Err(Error::new(in_words(&changed), cause, remedy))
}

/// Writes clips of videos frame by frame, at the videos' size and with their timing; returns the damage found in the
/// videos.
fn cut_clips(cuts: &[Cut], staging: &Staging, progress: Progress<'_>) -> Result<ControlFlow<(), Vec<Error>>> {
    // Report missing files before hours of work, not after.
    let missing: BTreeSet<_> = cuts.iter().map(|cut| &cut.video).filter(|video| !video.exists()).cloned().collect();
    if !missing.is_empty() {
        let missing: Vec<_> = missing.into_iter().collect();
        let remedy = "Relink or remove the missing videos and export again; nothing was written";
        let cause = match missing.len() {
            1 => "no such file, so its clips cannot be cut out",
            _ => "no such files, so their clips cannot be cut out",
        };
        return Err(Error::new(in_words(&missing), cause, remedy));
    }
    let (mut reader, mut damages) = (None, Vec::new());
    for (done, cut) in cuts.iter().enumerate() {
        let target = staging.file(&cut.target)?;
        if cut_clip(cut, &target, &mut reader, &mut || progress(done, cuts.len()))?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        // A video read for several clips reports its damage once.
        damages.extend(reader.iter_mut().flat_map(VideoReader::take_warnings));
    }
    let _ = progress(cuts.len(), cuts.len());
    Ok(ControlFlow::Continue(damages))
}

/// Writes one clip to `target`; `open` caches the open video between clips.
fn cut_clip(
    cut: &Cut,
    target: &Path,
    open: &mut Option<VideoReader>,
    progress: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    let reader = match open.take().filter(|reader| reader.info().path == cut.video) {
        Some(reader) => open.insert(reader),
        None => open.insert(VideoReader::open(&cut.video, Sizes { display_max: u32::MAX, scaled: Vec::new() })?),
    };
    let info = reader.info();
    let (pace, geometry) = (info.pace(), Geometry { width: info.width, height: info.height });
    let end = cut.end.unwrap_or(info.frames).min(info.frames);
    let mut writer = VideoWriter::create(target, geometry, pace)?;
    for index in cut.start..end {
        if progress().is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let frame = reader.frame(index)?;
        writer.push_at(&frame.display, frame.shown_secs())?;
    }
    writer.finish()?;
    Ok(ControlFlow::Continue(()))
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::labels::{Label, VideoId, edits};
    use crate::video::{FramePacing, is_video};

    #[test]
    fn clips_that_an_export_has_cut_out_are_no_new_videos_beside_those_they_came_from() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let write = |name: &str, text: &str| {
            std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            std::fs::write(at(name), text).unwrap();
        };
        let clips = ["export/wave/v_wave_g01_c01.mp4", "export/wave/v_wave_g04_c01.mp4"];
        clips.iter().for_each(|clip| write(clip, ""));
        write("export/classInd.txt", "1 wave\n");
        write("export/trainlist01.txt", "wave/v_wave_g01_c01.mp4 1\n");
        write("export/testlist01.txt", "wave/v_wave_g04_c01.mp4\n");
        let found = |folder: &str| videos_in(&at(folder), &is_video, &|| true);
        assert_eq!(
            (found("").videos, found("export").videos.len()),
            (clips.map(at).to_vec(), 2),
            "nothing else is there"
        );
        write("a.mp4", "");
        write("export/wave/mine.mp4", "");
        let all = found("");
        assert_eq!(all.videos, [at("a.mp4"), at("export/wave/mine.mp4")]);
        assert_eq!((all.exported, all.notes.len()), (2, 1));
        assert!(all.notes[0].cause.starts_with("2 clips skipped") && all.notes[0].subject.ends_with("export"));
        // Without its lists it is an ordinary folder of videos.
        std::fs::remove_file(at("export/classInd.txt")).unwrap();
        assert_eq!((found("").videos.len(), found("").notes), (4, vec![]));
    }

    #[test]
    fn nothing_is_written_into_a_project_that_is_only_read() {
        let (dir, videos) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = videos.path().join("uneven.mp4");
        let mut writer =
            VideoWriter::create(&path, Geometry { width: 32, height: 32 }, FramePacing::Stamped(2.0)).unwrap();
        for secs in [0.0..0.25, 0.25..0.375, 0.375..2.0] {
            writer.push_at(&RgbImage::new(32, 32), secs).unwrap();
        }
        writer.finish().unwrap();
        let mut document = Document::default();
        let video = Video::new(StoredPath::encode(&path, dir.path()));
        document.apply(edits::add_videos(&document, vec![video]));
        document.apply(time_videos(&document, dir.path(), false));
        let facts = document.videos[&VideoId(0)].facts.clone().unwrap();
        assert!(facts.variable_rate, "{facts:?}");
        assert_eq!(times::read(dir.path(), &facts).unwrap(), examine(&path).unwrap().1);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn times_of_earlier_versions_are_looked_up_unless_the_video_has_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("grey.mp4");
        let mut writer = VideoWriter::create(&path, Geometry { width: 32, height: 32 }, 12.5).unwrap();
        (0..5).for_each(|_| writer.push(&RgbImage::new(32, 32)).unwrap());
        writer.finish().unwrap();
        let facts = facts_of(&path, dir.path()).unwrap();
        let steps = |known: Option<Facts>| {
            let mut document = Document::default();
            let video = Video { facts: known, note: "kept".into(), ..Video::new("grey.mp4") };
            document.apply(edits::add_videos(&document, vec![video]));
            time_videos(&document, dir.path(), true).changes
        };
        let found = Video { facts: Some(facts.clone()), note: "kept".into(), ..Video::new("grey.mp4") };
        let found = [Change::Video(VideoId(0), Some(found))];
        assert_eq!(steps(Some(Facts { start_secs: None, ..facts.clone() })), found);
        assert_eq!(steps(None), found);
        assert_eq!(steps(Some(facts.clone())), []);
        assert_eq!(steps(Some(Facts { start_secs: None, hash: "other".into(), ..facts })), []);
    }

    #[test]
    fn no_clip_is_cut_out_of_a_video_that_has_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("grey.mp4");
        let write = |frames: usize| {
            let mut writer = VideoWriter::create(&path, Geometry { width: 32, height: 32 }, 12.5).unwrap();
            (0..frames).for_each(|_| writer.push(&RgbImage::new(32, 32)).unwrap());
            writer.finish().unwrap();
        };
        write(8);
        let mut document = Document::default();
        let video = Video { labels: vec![Label::Background], ..probe(&path, dir.path()).unwrap() };
        document.apply(edits::add_videos(&document, vec![video]));
        let export = |format, name: &str, with_clips| {
            let target = dir.path().join(name);
            let (document, existing) = (&document, Existing::Keep);
            let order = LabelExport { format, document, dir: dir.path(), target: &target, with_clips, existing };
            export_labels(&order, &mut |_, _| ControlFlow::Continue(())).map(Option::unwrap)
        };
        assert!(!export(Format::Json, "as-it-was.json", false).unwrap().is_doubtful);
        write(20);
        let error = export(Format::UcfLists, "lists", true).unwrap_err();
        assert!(error.subject.contains("grey.mp4") && error.remedy.contains("project check --accept"), "{error}");
        assert!(!dir.path().join("lists").exists());
        let exported = export(Format::Json, "changed.json", false).unwrap();
        let is_named = exported.notes.iter().any(|note| note.subject.contains("grey.mp4"));
        assert!(exported.is_doubtful && is_named, "{:?}", exported.notes);
    }

    #[test]
    fn clips_hold_the_frames_they_were_cut_from() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("grey.mp4");
        let geometry = Geometry { width: 32, height: 32 };
        let mut writer = VideoWriter::create(&path, geometry, 12.5).unwrap();
        let level = |frame: usize| 10 + 10 * frame as u8;
        for frame in 0..20 {
            writer.push(&RgbImage::from_pixel(32, 32, image::Rgb([level(frame); 3]))).unwrap();
        }
        writer.finish().unwrap();
        let video = probe(&path, dir.path()).unwrap();
        let facts = video.facts.unwrap();
        assert_eq!((video.path.as_str(), facts.frames, facts.fps, facts.size), ("grey.mp4", 20, 12.5, [32, 32]));

        let export = dir.path().join("export");
        let cut = |start, end, name: &str| Cut { video: path.clone(), start, end, target: export.join(name) };
        let cuts = [cut(5, Some(9), "made/part.mp4"), cut(0, None, "whole.mp4")];
        let run = |cuts: &[Cut], progress: Progress<'_>| {
            let staging = Staging::begin(&export).unwrap();
            let result = cut_clips(cuts, &staging, progress)?;
            if result.is_continue() {
                staging.publish(&Default::default())?;
            }
            Ok::<_, Error>(result)
        };
        let stop = &mut |done, _| if done == 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        assert!(run(&cuts, stop).unwrap().is_break() && !export.exists(), "all clips or none");
        let missing = Cut { video: dir.path().join("missing.mp4"), ..cut(0, None, "none.mp4") };
        let error = run(&[cuts[0].clone(), missing], &mut |_, _| ControlFlow::Continue(())).unwrap_err();
        assert!(error.subject.contains("missing.mp4") && !export.exists(), "{error}");
        let mut last = 0;
        let all = &mut |done, _| {
            last = done;
            ControlFlow::Continue(())
        };
        assert!(run(&cuts, all).unwrap().is_continue());
        assert_eq!(last, 2);
        let mut part = VideoReader::open(&cuts[0].target, Sizes::default()).unwrap();
        assert_eq!((part.info().frames, part.info().fps), (4, 12.5));
        for frame in 0..4 {
            let shown = part.frame(frame).unwrap().display.get_pixel(16, 16)[0];
            assert!(shown.abs_diff(level(5 + frame)) <= 3, "frame {frame}: {shown}");
        }
        assert_eq!(facts_of(&cuts[1].target, dir.path()).unwrap().frames, 20);
        let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(files.iter().all(|name| !name.to_string_lossy().contains("partial")), "{files:?}");
    }
}
