//! Detection of the format of a label file.

use std::path::Path;

use serde_json::Value;

use super::Format;
use crate::annotations::text;
use crate::error::{Error, Result};

impl Format {
    /// Returns the format of the file or folder `source`, by its extension or, if that is ambiguous, by its content.
    ///
    /// # Errors
    /// If it cannot be read, or its format is unknown.
    pub fn of(source: &Path) -> Result<Self> {
        if source.is_dir() {
            return of_folder(source);
        }
        let name = source.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "csv" | "tsv" => Ok(Self::Csv),
            "eaf" => Ok(Self::Elan),
            "boris" => Ok(Self::Boris),
            "xml" => Ok(Self::Cvat),
            "txt" if is_list(name) => Ok(Self::UcfLists),
            "json" => of_json(&text::json(source, "JSON of labels")?).ok_or_else(|| unknown(source)),
            _ => Err(unknown(source)),
        }
    }
}

fn unknown(source: &Path) -> Error {
    Error::file(source, "its format cannot be detected", "Name it with --format")
}

fn is_list(name: &str) -> bool {
    name.starts_with("trainlist") || name.starts_with("testlist")
}

/// Detects the format by entries that only one program writes.
fn of_json(content: &Value) -> Option<Format> {
    let Value::Object(content) = content else {
        let is_task = |task: &Value| task.get("data").is_some_and(Value::is_object);
        return content.as_array()?.iter().any(is_task).then_some(Format::LabelStudio);
    };
    let formats = [
        ("motionscope-labels", Format::Json),
        ("database", Format::ActivityNet),
        ("observations", Format::Boris),
        ("segments", Format::XAnyLabeling),
    ];
    formats.into_iter().find(|(key, _)| content.contains_key(*key)).map(|(_, format)| format)
}

/// Detects the format by the most specific files.
fn of_folder(folder: &Path) -> Result<Format> {
    let has = |ending: &str, is_one: &dyn Fn(&str) -> bool| {
        let files = text::files(folder, ending).unwrap_or_default();
        files.iter().any(|file| is_one(&file.file_name().unwrap_or_default().to_string_lossy()))
    };
    let any = |_: &str| true;
    let formats = [
        (has("txt", &is_list), Format::UcfLists),
        (has("eaf", &any), Format::Elan),
        (has("xml", &any), Format::Cvat),
        (has("json", &any), Format::XAnyLabeling),
    ];
    formats.into_iter().find(|(is_there, _)| *is_there).map(|(_, format)| format).ok_or_else(|| unknown(folder))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::super::Document;
    use super::super::{export, folder_of};
    use super::*;

    #[test]
    fn every_export_is_recognised() {
        for format in Format::ALL {
            let dir = tempfile::tempdir().unwrap();
            let target = match format.is_folder() {
                true => dir.path().join("export"),
                false => dir.path().join(format!("export.{}", format.ending())),
            };
            let document = Document::default();
            let exported = export(format, &document, dir.path(), &target).unwrap();
            if exported.files.is_empty() || format == Format::LabelStudio {
                continue; // An empty project has nothing to detect.
            }
            assert_eq!(Format::of(&target).unwrap(), format, "{}", folder_of(format, &target).display());
        }
        let dir = tempfile::tempdir().unwrap();
        let of = |name: &str, content: &str| {
            fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
            fs::write(dir.path().join(name), content).unwrap();
            Format::of(&dir.path().join(name)).ok()
        };
        assert_eq!(of("a.json", r#"[{"data": {"video": "a.mp4"}}]"#), Some(Format::LabelStudio));
        assert_eq!(of("b.json", r#"{"type": "video_classification", "segments": []}"#), Some(Format::XAnyLabeling));
        assert_eq!(of("c.BORIS.gz", ""), Some(Format::Boris));
        assert_eq!(of("d.tsv", ""), Some(Format::Csv));
        assert_eq!(of("e.json", "[]"), None);
        assert_eq!(of("f.json", "{"), None);
        assert_eq!(of("g.txt", ""), None);
        for (file, format) in [("a.eaf", Format::Elan), ("a.xml", Format::Cvat), ("a.json", Format::XAnyLabeling)] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("sub")).unwrap();
            fs::write(folder.path().join("sub").join(file), "").unwrap();
            assert_eq!(Format::of(folder.path()), Ok(format));
        }
    }
}
