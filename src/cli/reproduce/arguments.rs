//! What can be asked of `motionscope reproduce`, and the settings made from it.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::list_arguments::ListArgs;
use crate::cli::model_arguments::DeviceArg;
use crate::cli::values::{geometry, named};
use crate::engine::{default_model, flow_model};
use crate::evaluation::Protocol;
use crate::evaluation::flow_benchmarks::FlowDataset;
use crate::nets::Backbone;
use crate::reproduction::{FlowRoot, Lists, PaperTable, Scale, Settings};
use crate::training::Subset;
use crate::video::Geometry;

const EXAMPLES: &str = "\
Examples:
  motionscope reproduce table1                              on generated clips, some minutes on two cores
  motionscope reproduce table1 --scale small --out runs/jhmdb --data jhmdb/clips --list jhmdb/trainlist01.txt \\
                        --test-list jhmdb/testlist01.txt --classes jhmdb/classInd.txt
  motionscope reproduce table1 --scale paper --data UCF-101 --list trainlist01.txt --test-list testlist01.txt \\
                        --classes classInd.txt --imagenet vgg16.pth
  motionscope reproduce table2 --flow-steps 1000 --steps 500
  motionscope reproduce table3 --flow-root middlebury=middlebury --flow-root kitti2015=KITTI

The folder --out holds a folder a row, with its training, report, scores and row.json, and the table as table.md, table.csv and
table.json. After Ctrl-C, a crash or a power cut the same command goes on where it was. A row that fails leaves the others as
they are, and the table says why it is missing. Other settings in the same folder are refused, unless --fresh begins anew.

Table 1: MotionNet is trained once, without labels. The two-stage streams read flow that is rounded to the 256 levels of stored
pictures. Stacked (a) keeps MotionNet frozen, (b) and (c) go on from (a) with as many steps again. Hidden two-stream is the spatial
stream fused with a stacked one, 1 : 1.5. Minutes are too few to train networks from scratch: the scale tiny goes on from the
shipped model, unless --from-scratch or another start is given. Table 2 trains MotionNet and the stacked stream (a) for every row.

Exit codes: 0 every row has its figures, 1 some are missing, 2 wrong usage, 130 ended early with everything saved";

/// `motionscope reproduce`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ReproduceArgs {
    /// Which table
    #[arg(value_name = "TABLE", value_parser = named::<PaperTable>, help = "table1, table2 or table3")]
    table: PaperTable,
    /// Values for all that is not given
    #[arg(long, value_enum, default_value_t)]
    scale: Scale,
    /// Folder of the results [default: runs/TABLE]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Begin anew in a folder that holds results
    #[arg(long)]
    pub fresh: bool,
    #[command(flatten)]
    clips: ClipArgs,
    #[command(flatten)]
    networks: NetworkArgs,
    /// Flow benchmark of Table 3 and its folder: middlebury, sintel-clean, sintel-final, kitti2012, kitti2015 or flyingchairs;
    /// may be given several times
    #[arg(long, value_name = "NAME=DIR", value_parser = flow_root)]
    flow_root: Vec<FlowRoot>,
    /// Model folder whose MotionNet Table 3 measures [default: the shipped one for flow]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    #[command(flatten)]
    pub device: DeviceArg,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Clips")]
struct ClipArgs {
    /// Folder that the paths of the lists are relative to [default: generated clips]
    #[arg(long, value_name = "DIR", requires = "list")]
    data: Option<PathBuf>,
    /// List of the clips to train on
    #[arg(long, value_name = "FILE", requires_all = ["data", "test_list"])]
    list: Option<PathBuf>,
    /// List of the clips to test on
    #[arg(long, value_name = "FILE", requires = "list")]
    test_list: Option<PathBuf>,
    /// The lists' classes, where they do not tell them: classInd.txt
    #[arg(long, value_name = "FILE", requires = "list")]
    classes: Option<PathBuf>,
    /// Folder that `motionscope sample` has written
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    sample: Option<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
    /// Size to which frames are decoded
    #[arg(long, value_name = "WxH", value_parser = geometry)]
    frame_size: Option<Geometry>,
    /// Views of a test clip: samples × crops
    #[arg(long, value_name = "NxM")]
    views: Option<Protocol>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Networks")]
struct NetworkArgs {
    /// Feature maps of MotionNet's first layer; 64 in the paper
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Frames MotionNet reads at once: 2 or 11
    #[arg(long, value_name = "N")]
    frames: Option<usize>,
    /// Classifier of both streams, such as resnet18 or vgg16
    #[arg(long, value_parser = named::<Backbone>)]
    backbone: Option<Backbone>,
    /// Model folder whose networks all trainings of Table 1 go on from [default: the shipped one for the scale tiny, where no
    /// other start is named]
    #[arg(long, value_name = "DIR", conflicts_with_all = ["width", "frames", "backbone", "imagenet"])]
    base: Option<PathBuf>,
    /// Train all networks from scratch
    #[arg(long, conflicts_with_all = ["base", "imagenet"])]
    from_scratch: bool,
    /// ImageNet weights of that classifier to start from (.safetensors, .pth, .caffemodel, .onnx)
    #[arg(long, value_name = "FILE")]
    imagenet: Option<PathBuf>,
    /// Steps of MotionNet without labels
    #[arg(long, value_name = "N")]
    flow_steps: Option<usize>,
    /// Steps of each stream
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Samples that are computed together
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Seed of every random choice
    #[arg(long)]
    seed: Option<u64>,
}

impl ReproduceArgs {
    /// What was given, and for the rest the values of the scale.
    pub fn settings(&self) -> Settings {
        let usual = Settings::of(self.table, self.scale);
        let networks = &self.networks;
        let is_table_3 = self.table == PaperTable::Table3;
        Settings {
            seed: networks.seed.unwrap_or(usual.seed),
            width: networks.width.unwrap_or(usual.width),
            frames: networks.frames.unwrap_or(usual.frames),
            backbone: networks.backbone.unwrap_or(usual.backbone),
            base: networks.base.clone().or_else(|| self.usual_base()),
            imagenet: networks.imagenet.clone(),
            frame: self.clips.frame_size.unwrap_or(usual.frame),
            views: self.clips.views.map_or(usual.views, |views| views.to_string()),
            flow_steps: networks.flow_steps.unwrap_or(usual.flow_steps),
            steps: networks.steps.unwrap_or(usual.steps),
            batch: networks.batch.unwrap_or(usual.batch),
            // Without any model the rows of TV-L1 are still worth having.
            model: self.model.clone().or_else(|| is_table_3.then(flow_model)?.ok()),
            data: self.clips.lists(),
            flow_roots: self.flow_root.clone(),
            ..usual
        }
    }

    /// The shipped model, where minutes would not be enough to train networks from scratch.
    fn usual_base(&self) -> Option<PathBuf> {
        let NetworkArgs { width, frames, backbone, imagenet, from_scratch, .. } = &self.networks;
        let others = *from_scratch || width.is_some() || frames.is_some() || backbone.is_some() || imagenet.is_some();
        let wanted = self.table == PaperTable::Table1 && self.scale == Scale::Tiny && !others;
        wanted.then(default_model)?.ok()
    }

    /// The folder of the results.
    pub fn folder(&self) -> PathBuf {
        let name = match self.table {
            PaperTable::Table1 => "table1",
            PaperTable::Table2 => "table2",
            PaperTable::Table3 => "table3",
        };
        self.out.clone().unwrap_or_else(|| Path::new("runs").join(name))
    }
}

impl ClipArgs {
    /// The lists that were given; none for the generated sample.
    fn lists(&self) -> Option<Lists> {
        if let Some(sample) = &self.sample {
            return Some(Lists::of_sample(sample));
        }
        let (data, classes) = (self.data.as_deref()?, self.classes.as_deref());
        let source = |list: &Option<PathBuf>, subset| self.lists.source(data, list.as_deref(), classes, subset);
        Some(Lists { train: source(&self.list, Subset::Train), test: source(&self.test_list, Subset::Test) })
    }
}

/// `NAME=DIR`
fn flow_root(text: &str) -> Result<FlowRoot, String> {
    let (name, root) = text.split_once('=').ok_or("expected NAME=DIR, such as middlebury=data/middlebury")?;
    Ok(FlowRoot { dataset: named::<FlowDataset>(name)?, root: root.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn benchmarks_are_named_with_their_folders() {
        let root = flow_root("kitti2015=a=b").unwrap();
        assert_eq!(root, FlowRoot { dataset: FlowDataset::Kitti2015, root: "a=b".into() });
        assert!(flow_root("middlebury").is_err_and(|error| error.contains("NAME=DIR")));
        assert!(flow_root("flow=x").is_err_and(|error| error.contains("middlebury")));
    }
}
