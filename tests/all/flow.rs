//! Flow against the references: colours to the byte, files of the benchmarks, files that are broken.

use std::fs;

use motionscope::flow::{FlowField, colour, files};
use safetensors::SafeTensors;

use crate::shared;

/// The values of an f32 tensor.
fn floats(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    file.tensor(name).unwrap().data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

#[test]
fn colours_equal_the_reference_to_the_byte() {
    for path in shared::reference("colour") {
        let bytes = fs::read(&path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(colour::wheel().as_flattened(), file.tensor("wheel").unwrap().data());

        let shape = file.tensor("flow").unwrap().shape().to_vec(); // [2, h, w]
        let planes = floats(&file, "flow");
        let (u, v) = planes.split_at(shape[1] * shape[2]);
        let uv = u.iter().zip(v).map(|(u, v)| [*u, *v]).collect();
        let field = FlowField::new(shape[2], shape[1], uv);
        for (name, max_px) in [("rgb_max", field.magnitude_max()), ("rgb_20", 20.0)] {
            let expected = file.tensor(name).unwrap();
            let picture = colour::picture(&field, max_px);
            for (i, (ours, theirs)) in picture.as_raw().chunks(3).zip(expected.data().chunks(3)).enumerate() {
                assert_eq!(ours, theirs, "{name} of {}: flow {:?}", path.display(), field.uv[i]);
            }
        }
    }
}

#[test]
fn files_of_the_benchmarks_survive_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.flo");
    for name in ["middlebury/other-gt-flow/RubberWhale/flow10.flo", "flyingchairs/data/00001_flow.flo"] {
        let Some(original) = shared::data(&format!("data/flow/{name}")) else { return };
        let field = files::read_flo(&original).unwrap();
        files::write_flo(&copy, &field).unwrap();
        assert_eq!(fs::read(&copy).unwrap(), fs::read(&original).unwrap(), "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays behind");
}

#[test]
fn broken_files_are_named_and_cost_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.flo");
    let header = |width: i32, height: i32| [&b"PIEH"[..], &width.to_le_bytes(), &height.to_le_bytes()].concat();
    let cases = [
        (vec![], "too short"),
        (b"PIEH\x01\x00".to_vec(), "too short"),
        (b"RIFF\x01\x00\x00\x00\x01\x00\x00\x00........".to_vec(), "PIEH"),
        (header(0, 5), "0×5"),
        (header(-3, 5), "-3×5"),
        (header(i32::MAX, i32::MAX), "truncated"),
        ([header(2, 1), vec![0; 12]].concat(), "truncated"),
        ([header(1, 1), vec![0; 12]].concat(), "longer"),
    ];
    for (bytes, cause) in cases {
        fs::write(&path, &bytes).unwrap();
        let error = files::read_flo(&path).unwrap_err();
        assert!(error.cause.contains(cause), "{bytes:?} gave {error}");
        assert!(error.subject.ends_with("broken.flo") && !error.remedy.is_empty());
    }
    fs::remove_file(&path).unwrap();
    assert!(files::read_flo(&path).unwrap_err().cause.contains("no such file"));
    assert!(files::read_flo(folder.path()).is_err(), "a folder is not a flow file");
    assert!(files::write_flo(&path, &FlowField::new(0, 0, vec![])).is_err());
    assert!(files::write_flo(&folder.path().join("missing/f.flo"), &FlowField::new(1, 1, vec![[0.0; 2]])).is_err());
}
