//! The columns of a file of predictions, and how they are written.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{DataType, DoubleType, FloatType, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::PredictionFacts;

/// The key of the facts in the file's metadata.
pub(super) const KEY: &str = "motionscope";
/// The columns before those of the classes.
pub(super) const LEADING: [(&str, Physical); 2] = [("frame", Physical::INT64), ("time_s", Physical::DOUBLE)];
/// Rows per row group: large enough for the column metadata to be negligible, small enough for any memory.
pub(super) const GROUP_ROWS: usize = 8192;

/// Rows per row group with features, of which a row has thousands.
pub(super) const FEATURE_GROUP_ROWS: usize = 512;
/// The column of features, and the rest of its path after the name.
const FEATURES: &str = "features";
const LIST: [&str; 2] = ["list", "element"];

/// Rows of scored frames.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rows {
    /// Time of each frame, seconds.
    pub secs: Vec<f64>,
    /// `[rows, classes]`, row-major.
    pub probabilities: Vec<f32>,
    /// `[rows, features]`, row-major.
    pub features: Vec<f32>,
}

impl Rows {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.secs.len()
    }

    /// Appends `other`.
    pub fn append(&mut self, mut other: Self) {
        self.secs.append(&mut other.secs);
        self.probabilities.append(&mut other.probabilities);
        self.features.append(&mut other.features);
    }

    /// Removes and returns the first `count` rows.
    pub fn split_front(&mut self, count: usize, facts: &PredictionFacts) -> Self {
        Self {
            secs: self.secs.drain(..count).collect(),
            probabilities: self.probabilities.drain(..count * facts.classes.len()).collect(),
            features: self.features.drain(..count * facts.feature_count()).collect(),
        }
    }
}

/// Returns the names of the columns; class columns are named after their classes, with a number if the name is already
/// used.
pub(super) fn column_names(classes: &[String]) -> Vec<String> {
    let mut taken: BTreeSet<String> = LEADING.iter().map(|(name, _)| (*name).to_owned()).collect();
    let unique = classes.iter().map(|class| {
        let numbered = (2..).map(|number| format!("{class} ({number})"));
        let name = std::iter::once(class.clone()).chain(numbered).find(|name| taken.insert(name.clone()));
        name.expect("numbers do not end")
    });
    LEADING.iter().map(|(name, _)| (*name).to_owned()).chain(unique.collect::<Vec<_>>()).collect()
}

/// Returns the type of the values in the column at `place`.
pub(super) fn column_type(place: usize) -> Physical {
    LEADING.get(place).map_or(Physical::FLOAT, |(_, physical)| *physical)
}

/// Returns the path of the column of features, which follows those of the classes; `None` without features.
pub(super) fn feature_path(facts: &PredictionFacts) -> Option<Vec<String>> {
    let taken = column_names(&facts.classes);
    let numbered = (2..).map(|number| format!("{FEATURES} ({number})"));
    let name = std::iter::once(FEATURES.to_owned()).chain(numbered).find(|name| !taken.contains(name))?;
    let path = std::iter::once(name).chain(LIST.map(str::to_owned)).collect();
    facts.features.is_some().then_some(path)
}

fn schema(facts: &PredictionFacts) -> Result<TypePtr> {
    let column = |(place, name): (usize, &String)| {
        let column = Type::primitive_type_builder(name, column_type(place)).with_repetition(Repetition::REQUIRED);
        column.build().map(Arc::new)
    };
    let mut columns = column_names(&facts.classes).iter().enumerate().map(column).collect::<Result<Vec<_>>>()?;
    if let Some(path) = feature_path(facts) {
        columns.push(list_of_numbers(&path[0])?);
    }
    Type::group_type_builder("schema").with_fields(columns).build().map(Arc::new)
}

/// Returns a column of lists of numbers in Parquet's standard list structure.
fn list_of_numbers(name: &str) -> Result<TypePtr> {
    let [list, element] = LIST;
    let element = Type::primitive_type_builder(element, Physical::FLOAT).with_repetition(Repetition::REQUIRED);
    let list = Type::group_type_builder(list)
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element.build()?)])
        .build()?;
    let column = Type::group_type_builder(name).with_repetition(Repetition::REQUIRED);
    let column = column.with_logical_type(Some(LogicalType::List)).with_fields(vec![Arc::new(list)]);
    column.build().map(Arc::new)
}

/// Writes a file row group by row group.
pub(super) struct TableWriter<'a, W: Write + Send> {
    file: SerializedFileWriter<W>,
    facts: &'a PredictionFacts,
    /// Number of rows already written.
    written: usize,
    pending: Rows,
}

impl<'a, W: Write + Send> TableWriter<'a, W> {
    /// Starts a file in `to`.
    pub fn begin(to: W, facts: &'a PredictionFacts) -> Result<Self> {
        let json = facts.to_json().map_err(|error| parquet::errors::ParquetError::External(error.into()))?;
        // Plain encoding and gzip, which every Parquet reader supports.
        let properties = WriterProperties::builder()
            .set_compression(Compression::GZIP(Default::default()))
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_key_value_metadata(Some(vec![KeyValue::new(KEY.to_owned(), json)]));
        let file = SerializedFileWriter::new(to, schema(facts)?, Arc::new(properties.build()))?;
        Ok(Self { file, facts, written: 0, pending: Rows::default() })
    }

    /// Adds rows; the size of row groups does not depend on the number of rows per call.
    pub fn add(&mut self, rows: Rows) -> Result<()> {
        self.pending.append(rows);
        let size = if self.facts.feature_count() > 0 { FEATURE_GROUP_ROWS } else { GROUP_ROWS };
        while self.pending.len() >= size {
            let group = self.pending.split_front(size, self.facts);
            self.write_group(&group)?;
        }
        Ok(())
    }

    /// Completes the file.
    pub fn finish(mut self) -> Result<()> {
        let rest = std::mem::take(&mut self.pending);
        if rest.len() > 0 {
            self.write_group(&rest)?;
        }
        self.file.close().map(drop)
    }

    fn write_group(&mut self, rows: &Rows) -> Result<()> {
        let (first, stride, classes) = (self.written, self.facts.stride, self.facts.classes.len());
        let mut group = self.file.next_row_group()?;
        let frames: Vec<i64> = (first..first + rows.len()).map(|index| (index * stride) as i64).collect();
        write_column::<Int64Type, W>(&mut group, &frames)?;
        write_column::<DoubleType, W>(&mut group, &rows.secs)?;
        for class in 0..classes {
            let column: Vec<f32> = rows.probabilities.iter().skip(class).step_by(classes).copied().collect();
            write_column::<FloatType, W>(&mut group, &column)?;
        }
        if self.facts.features.is_some() {
            write_lists(&mut group, &rows.features, rows.len(), self.facts.feature_count())?;
        }
        group.close()?;
        self.written += rows.len();
        Ok(())
    }
}

/// Writes `rows` lists of `length` numbers each.
fn write_lists<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[f32],
    rows: usize,
    length: usize,
) -> Result<()> {
    // An empty list has an entry without a value.
    let count = rows * length.max(1);
    let definitions = vec![i16::from(length > 0); count];
    let repetitions: Vec<i16> = (0..count).map(|place| i16::from(place % length.max(1) > 0)).collect();
    if let Some(mut column) = group.next_column()? {
        column.typed::<FloatType>().write_batch(values, Some(&definitions), Some(&repetitions))?;
        column.close()?;
    }
    Ok(())
}

fn write_column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
) -> Result<()> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<T>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}
