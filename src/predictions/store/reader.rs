//! Reads and checks files of predictions.

use std::path::Path;

use parquet::basic::Type;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{DataType, DoubleType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};

use super::PredictionFacts;
use super::format::{KEY, column_names, column_type, feature_path};
use crate::error::{Error, Result};
use crate::files;
use crate::panic_guard::caught_at;
use crate::plural::counted;
use crate::predictions::FrameScores;

const FOREIGN: &str = "Choose a file that motionscope predict wrote";
const DAMAGED: &str = "Make it again with motionscope predict";

/// A part of a file, or the error in it.
type Checked<T> = std::result::Result<T, String>;

/// Returns the facts and the probabilities in the file at `path`.
///
/// # Errors
/// If the file cannot be read, is not a Parquet file of predictions, or does not match its facts.
pub fn read_predictions(path: &Path) -> Result<(PredictionFacts, FrameScores)> {
    read(path, |_, _| Ok(())).map(|(facts, scores, ())| (facts, scores))
}

/// Returns the facts, the probabilities and the features in the file at `path`: `[scored frames, features]`, row-major,
/// empty if none are stored.
///
/// # Errors
/// Same as [`read_predictions`].
pub fn read_features(path: &Path) -> Result<(PredictionFacts, FrameScores, Vec<f32>)> {
    read(path, features)
}

type ParquetFile = SerializedFileReader<std::fs::File>;

fn read<T>(
    path: &Path,
    rest: impl Fn(&ParquetFile, &PredictionFacts) -> Checked<T>,
) -> Result<(PredictionFacts, FrameScores, T)> {
    caught_at(path, || {
        let (file, facts) = opened(path)?;
        let damaged = |cause: String| Error::file(path, cause, DAMAGED);
        let scores = scores(&file, &facts).map_err(&damaged)?;
        let rest = rest(&file, &facts).map_err(damaged)?;
        Ok((facts, scores, rest))
    })
}

/// Returns the facts in the file at `path`, without reading its probabilities.
///
/// # Errors
/// If the file cannot be read, or is not a Parquet file of predictions.
pub fn read_prediction_facts(path: &Path) -> Result<PredictionFacts> {
    caught_at(path, || opened(path).map(|(_, facts)| facts))
}

fn opened(path: &Path) -> Result<(ParquetFile, PredictionFacts)> {
    let file = files::open(path).map_err(|error| Error::io(path, &error))?;
    let foreign = |cause: String| Error::file(path, cause, FOREIGN);
    let file = SerializedFileReader::new(file)
        .map_err(|error| foreign("it is not a Parquet file, or it is incomplete".into()).caused_by(error))?;
    let metadata = file.metadata().file_metadata();
    let stored = metadata.key_value_metadata().into_iter().flatten().find(|entry| entry.key == KEY);
    let stored = stored.and_then(|entry| entry.value.as_deref());
    let stored = stored.ok_or_else(|| foreign("it is a Parquet file without predictions of Motionscope".into()))?;
    let facts = PredictionFacts::from_json(stored).map_err(foreign)?;
    Ok((file, facts))
}

/// Returns the probabilities in `file`, or a description of the error.
fn scores(file: &ParquetFile, facts: &PredictionFacts) -> Checked<FrameScores> {
    check_columns(file, facts)?;
    let metadata = file.metadata();
    let rows: i64 = metadata.row_groups().iter().map(|group| group.num_rows()).fold(0, i64::saturating_add);
    let expected = facts.scored();
    if usize::try_from(rows).ok() != Some(expected) {
        return Err(format!("it has {rows} of {}", counted(expected, "scored frame")));
    }
    let (mut secs, mut probabilities) = (Vec::new(), Vec::new());
    for place in 0..metadata.num_row_groups() {
        let group = file.get_row_group(place).map_err(|error| unreadable(&error))?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let frames = column::<Int64Type>(&*group, 0, rows)?;
        if (secs.len()..)
            .zip(&frames)
            .any(|(index, &frame)| usize::try_from(frame).ok() != index.checked_mul(facts.stride))
        {
            return Err("its frames are not in order, or some are missing".into());
        }
        secs.extend(column::<DoubleType>(&*group, 1, rows)?);
        let columns = (0..facts.classes.len()).map(|class| column::<FloatType>(&*group, 2 + class, rows));
        let columns = columns.collect::<Checked<Vec<_>>>()?;
        probabilities.extend((0..rows).flat_map(|row| columns.iter().map(move |column| column[row])));
    }
    if !secs.iter().chain([&facts.end_secs]).is_sorted_by(|time: &&f64, next| time < next) {
        return Err("the times of its frames are not in order".into());
    }
    if let Some(at) = probabilities.iter().position(|value| !(0.0..=1.0).contains(value)) {
        let (row, class) = (at / facts.classes.len(), &facts.classes[at % facts.classes.len()]);
        let frame = row * facts.stride;
        return Err(format!("class '{class}' has {} at frame {frame}, which is no probability", probabilities[at]));
    }
    Ok(facts.with_scores(secs, probabilities))
}

/// Returns the features in `file`, whose columns must have been checked.
fn features(file: &ParquetFile, facts: &PredictionFacts) -> Checked<Vec<f32>> {
    let (count, mut features) = (facts.feature_count(), Vec::new());
    if count == 0 {
        return Ok(features);
    }
    let place = column_names(&facts.classes).len();
    for group in 0..file.metadata().num_row_groups() {
        let group = file.get_row_group(group).map_err(|error| unreadable(&error))?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let reader = group.get_column_reader(place).map_err(|error| unreadable(&error))?;
        let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
        get_typed_column_reader::<FloatType>(reader)
            .read_records(rows, Some(&mut definitions), Some(&mut repetitions), &mut values)
            .map_err(|error| unreadable(&error))?;
        let begins = |place: usize| place.is_multiple_of(count);
        let is_even = repetitions.iter().enumerate().all(|(place, &level)| (level == 0) == begins(place));
        if !is_even || values.len() != rows.saturating_mul(count) || values.iter().any(|value: &f32| !value.is_finite())
        {
            return Err(format!("its scored frames do not have {count} features each"));
        }
        features.append(&mut values);
    }
    Ok(features)
}

fn check_columns(file: &ParquetFile, facts: &PredictionFacts) -> Checked<()> {
    let columns = file.metadata().file_metadata().schema_descr().columns();
    let names = column_names(&facts.classes);
    for (place, name) in names.iter().enumerate() {
        let column = columns.get(place).filter(|column| column.path().parts() == [name.as_str()]);
        let column = column.ok_or_else(|| format!("column '{name}' is missing or not in its place"))?;
        if column.physical_type() != column_type(place) || column.max_rep_level() > 0 {
            return Err(format!("column '{name}' does not hold numbers of the type {}", column_type(place)));
        }
    }
    let path = feature_path(facts);
    if let Some(path) = &path {
        let column = columns.get(names.len()).filter(|column| column.path().parts() == path.as_slice());
        // A list of numbers without missing values.
        let is_list = column.is_some_and(|column| (column.max_def_level(), column.max_rep_level()) == (1, 1));
        let is_float = column.is_some_and(|column| column.physical_type() == Type::FLOAT);
        if !(is_list && is_float) {
            return Err(format!("column '{}' is missing, not in its place or no list of numbers", path[0]));
        }
    }
    match columns.get(names.len() + usize::from(path.is_some())) {
        Some(other) => Err(format!("it has a column '{}', which is none of its classes", other.path().string())),
        None => Ok(()),
    }
}

/// Returns the values of the column at `place` of a row group of `rows` rows.
fn column<T: DataType>(group: &dyn RowGroupReader, place: usize, rows: usize) -> Checked<Vec<T::T>> {
    let mut reader = get_typed_column_reader::<T>(group.get_column_reader(place).map_err(|error| unreadable(&error))?);
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let read = reader.read_records(rows.saturating_add(1), Some(&mut levels), None, &mut values);
    let (records, ..) = read.map_err(|error| unreadable(&error))?;
    // An empty cell is a record without a value.
    if records != rows || values.len() != rows {
        let name = group.metadata().column(place).column_path().string();
        return Err(format!("column '{name}' has {} of {}", values.len(), counted(rows, "value")));
    }
    Ok(values)
}

fn unreadable(error: &ParquetError) -> String {
    format!("it is damaged: {error}")
}
