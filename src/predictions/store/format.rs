//! The columns of a file of predictions, and how they are written.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, Repetition, Type as Physical};
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
/// Rows of a row group: large enough that the description of the columns is small beside them, small enough for any memory.
pub(super) const GROUP_ROWS: usize = 8192;

/// Scored frames in a row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rows {
    /// When each is shown, seconds.
    pub secs: Vec<f64>,
    /// `[rows, classes]`, row by row.
    pub probabilities: Vec<f32>,
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
    }

    /// Returns the first `count` rows and keeps the others.
    pub fn split_front(&mut self, count: usize, classes: usize) -> Self {
        let secs = self.secs.drain(..count).collect();
        Self { secs, probabilities: self.probabilities.drain(..count * classes).collect() }
    }
}

/// Returns the names of the columns: those of the classes are theirs, with a number where a column of the same name is before them.
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

fn schema(classes: &[String]) -> Result<TypePtr> {
    let column = |(place, name): (usize, &String)| {
        let column = Type::primitive_type_builder(name, column_type(place)).with_repetition(Repetition::REQUIRED);
        column.build().map(Arc::new)
    };
    let columns = column_names(classes).iter().enumerate().map(column).collect::<Result<Vec<_>>>()?;
    Type::group_type_builder("schema").with_fields(columns).build().map(Arc::new)
}

/// Writes a file row group by row group.
pub(super) struct TableWriter<'a, W: Write + Send> {
    file: SerializedFileWriter<W>,
    facts: &'a PredictionFacts,
    /// Rows that are written already.
    written: usize,
    pending: Rows,
}

impl<'a, W: Write + Send> TableWriter<'a, W> {
    /// Begins a file in `to`.
    pub fn begin(to: W, facts: &'a PredictionFacts) -> Result<Self> {
        let json = facts.to_json().map_err(|error| parquet::errors::ParquetError::External(error.into()))?;
        // Plain values and gzip: what every reader of Parquet understands.
        let properties = WriterProperties::builder()
            .set_compression(Compression::GZIP(Default::default()))
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_key_value_metadata(Some(vec![KeyValue::new(KEY.to_owned(), json)]));
        let file = SerializedFileWriter::new(to, schema(&facts.classes)?, Arc::new(properties.build()))?;
        Ok(Self { file, facts, written: 0, pending: Rows::default() })
    }

    /// Adds rows: row groups have the same size, however many are added at a time.
    pub fn add(&mut self, rows: Rows) -> Result<()> {
        self.pending.append(rows);
        while self.pending.len() >= GROUP_ROWS {
            let group = self.pending.split_front(GROUP_ROWS, self.facts.classes.len());
            self.write_group(&group)?;
        }
        Ok(())
    }

    /// Ends the file.
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
        group.close()?;
        self.written += rows.len();
        Ok(())
    }
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
