//! The arguments of `motionscope reproduce` and the settings built from them.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::list_arguments::ListArgs;
use crate::cli::model_arguments::DeviceArg;
use crate::cli::shard_arguments::ShardArgs;
use crate::cli::values::{by_name, choice, geometry, named};
use crate::data::{PairSource, Subset};
use crate::engine::{default_model, flow_model};
use crate::error::{Error, Result};
use crate::evaluation::Protocol;
use crate::evaluation::flow_benchmarks::FlowDataset;
use crate::nets::Backbone;
use crate::reproduction::{FlowRoot, Lists, PaperTable, ReproductionScale, ReproductionSettings};
use crate::video::Geometry;

const EXAMPLES: &str = "\
Examples:
  motionscope reproduce table1                              generated clips; minutes on two cores
  motionscope reproduce table1 --scale small --out runs/jhmdb --data jhmdb/clips \\
                        --list jhmdb/trainlist01.txt --test-list jhmdb/testlist01.txt \\
                        --classes jhmdb/classInd.txt
  motionscope reproduce table1 --scale paper --data UCF-101 --list trainlist01.txt \\
                        --test-list testlist01.txt --classes classInd.txt --imagenet vgg16.pth
  motionscope reproduce table2 --flow-steps 1000 --steps 500
  motionscope reproduce table3 --flow-root middlebury=middlebury --flow-root kitti2015=KITTI
  motionscope reproduce table4 --rows mv-fv,rgb-difference
  motionscope reproduce table4 --out runs/table4 --parts parts --shard 2/5

The output folder holds one folder per row, with its training, report, scores and row.json, and the
table as table.md, table.csv and table.json. Run the same command again to resume after Ctrl-C, a
crash or a power cut. A row that fails does not stop the others; the table shows the reason.
Different settings in the same folder are refused, unless --fresh is given.

Table 1: MotionNet is trained once, without labels. The two-stage streams read flow quantised to the
256 levels of stored images. Stacked (a) keeps MotionNet frozen; (b) and (c) continue from (a) for
the same number of steps. Hidden two-stream fuses the spatial stream and a stacked stream, 1 : 1.5.
At the scale tiny, training starts from the shipped model, because minutes are too short to train
from scratch; --from-scratch or another start overrides this.
Table 1 has the original and the very deep two-stream networks and enhanced motion vectors too with
--rivals. Those networks have 90 million parameters: a training folder takes about 1.5 GB. Flow
networks learn from true flow first: FlowNetS, FlowNet2 and NextFlow; Table 3 has FlowNet2.
Table 2 trains MotionNet and the stacked stream (a) for every row.
Table 4: MV + FV, EMV, C3D and 3DNet with linear SVMs, RGB difference and the hidden two-stream
network (c).

A shard (--parts) computes some groups of rows in the output folder, which all shards share: rows
that start from the same training or are fused are a group. Table 1 has 3 groups, Table 2 has 7,
Table 4 has 5; Table 3 has one for each row but FlowNet2. motionscope merge writes the table. Speeds
are those of the machine that computed the row.

Exit codes: 0 all rows complete, 1 some missing, 2 wrong usage, 130 stopped by Ctrl-C and
75 by SIGTERM with everything saved";

/// `motionscope reproduce`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ReproduceArgs {
    /// Table to reproduce: table1, table2, table3 or table4
    #[arg(value_name = "TABLE", value_parser = named::<PaperTable>())]
    table: PaperTable,
    /// Scale of the experiment; sets the defaults of other options [default: tiny]
    #[arg(long, value_parser = choice::<ReproductionScale>())]
    scale: Option<ReproductionScale>,
    /// Output folder [default: runs/TABLE]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Discard results in the output folder and start over
    #[arg(long)]
    pub fresh: bool,
    /// Rows to run, by the names of their folders, with those that they fuse [default: all]
    #[arg(long, value_name = "ROW,…", value_delimiter = ',')]
    pub rows: Vec<String>,
    /// Add the rows of other systems to Table 1, and FlowNet2 to Table 3
    #[arg(long)]
    rivals: bool,
    /// Pairs with true flow for the flow networks of --rivals [default: generated pairs]
    #[arg(long, value_name = "DIR", requires = "rivals")]
    pairs: Option<PathBuf>,
    /// Layout of the pairs: flyingchairs, sintel-clean, sintel-final, kitti2012, kitti2015, middlebury
    #[arg(long, value_name = "NAME", default_value = "flyingchairs", value_parser = named::<FlowDataset>(), requires = "pairs")]
    dataset: FlowDataset,
    #[command(flatten)]
    clips: ClipArgs,
    #[command(flatten)]
    networks: ReproductionNetworkArgs,
    /// Flow benchmark of Table 3 and its root folder; repeatable
    ///
    /// One of middlebury, sintel-clean, sintel-final, kitti2012, kitti2015 and flyingchairs.
    #[arg(long, value_name = "NAME=DIR", value_parser = flow_root)]
    flow_root: Vec<FlowRoot>,
    /// Model folder of the MotionNet in Table 3 [default: the shipped flow model]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    #[command(flatten)]
    pub device: DeviceArg,
    #[command(flatten)]
    pub shards: ShardArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Clips")]
struct ClipArgs {
    /// Root folder of the lists [default: generated clips]
    #[arg(long, value_name = "DIR", requires = "list")]
    data: Option<PathBuf>,
    /// Training list
    #[arg(long, value_name = "FILE", requires_all = ["data", "test_list"])]
    list: Option<PathBuf>,
    /// Test list
    #[arg(long, value_name = "FILE", requires = "list")]
    test_list: Option<PathBuf>,
    /// Class index (classInd.txt), if the lists have no class names
    #[arg(long, value_name = "FILE", requires = "list")]
    classes: Option<PathBuf>,
    /// Output folder of motionscope sample
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    sample: Option<PathBuf>,
    #[command(flatten)]
    lists: ListArgs,
    /// Size of the decoded frames
    #[arg(long, value_name = "WxH", value_parser = geometry)]
    frame_size: Option<Geometry>,
    /// Views of a test clip: samples × crops
    #[arg(long, value_name = "NxM")]
    views: Option<Protocol>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Networks")]
struct ReproductionNetworkArgs {
    /// Channels of MotionNet's first layer; 64 in the paper
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Input frames of MotionNet: 2 or 11
    #[arg(long, value_name = "N")]
    frames: Option<usize>,
    /// Backbone of both streams, such as resnet18 or vgg16
    #[arg(long, value_parser = named::<Backbone>())]
    backbone: Option<Backbone>,
    /// Model folder that the trainings of Tables 1 and 4 start from
    ///
    /// Default for the scale tiny, unless another start is given: the shipped model.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["width", "frames", "backbone", "imagenet"])]
    base: Option<PathBuf>,
    /// Train all networks from scratch
    #[arg(long, conflicts_with_all = ["base", "imagenet"])]
    from_scratch: bool,
    /// ImageNet weights of the backbone (.safetensors, .pth, .caffemodel, .onnx)
    #[arg(long, value_name = "FILE")]
    imagenet: Option<PathBuf>,
    /// Steps of the unsupervised MotionNet training
    #[arg(long, value_name = "N")]
    flow_steps: Option<usize>,
    /// Steps of each stream training
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Batch size
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Random seed
    #[arg(long)]
    seed: Option<u64>,
}

impl ReproduceArgs {
    /// Refuses options of other tables, which would have no effect.
    ///
    /// # Errors
    /// The first such option, with the tables it belongs to.
    pub fn check(&self) -> Result<()> {
        use PaperTable::{Table1, Table2, Table3, Table4};
        let [of_base, of_clips, of_motion]: [&[PaperTable]; 3] =
            [&[Table1, Table4], &[Table1, Table2, Table4], &[Table3]];
        // With other systems Table 3 trains a flow network.
        let of_training = if self.rivals { &[Table1, Table2, Table3, Table4] } else { of_clips };
        let networks = &self.networks;
        let of_list = self.clips.given().map(|option| (option, of_clips, true));
        let options = [
            ("--flow-root", of_motion, !self.flow_root.is_empty()),
            ("--model", of_motion, self.model.is_some()),
            ("--scale", of_training, self.scale.is_some()),
            ("--base", of_base, networks.base.is_some()),
            ("--from-scratch", of_base, networks.from_scratch),
            ("--width", of_training, networks.width.is_some()),
            ("--frames", of_clips, networks.frames.is_some()),
            ("--backbone", of_clips, networks.backbone.is_some()),
            ("--imagenet", of_clips, networks.imagenet.is_some()),
            ("--flow-steps", of_training, networks.flow_steps.is_some()),
            ("--steps", of_clips, networks.steps.is_some()),
            ("--batch", of_training, networks.batch.is_some()),
            ("--seed", of_training, networks.seed.is_some()),
        ];
        let mut options = options.into_iter().chain(of_list);
        let foreign = options.find(|(_, tables, is_given)| *is_given && !tables.contains(&self.table));
        let Some((option, tables, _)) = foreign else { return Ok(()) };
        let named: Vec<&str> = tables.iter().map(|table| key(*table)).collect();
        let belongs = named.split_last().map(|(last, others)| match others.is_empty() {
            true => (*last).to_owned(),
            false => format!("{} and {last}", others.join(", ")),
        });
        let belongs = belongs.unwrap_or_default();
        let cause = format!("it belongs to {belongs} and has no effect on {}", key(self.table));
        Err(Error::usage(option, cause, "Leave it out"))
    }

    /// Returns the scale: the given one, or the usual.
    fn scale(&self) -> ReproductionScale {
        self.scale.unwrap_or_default()
    }

    /// Returns the settings: the options given, and the defaults of the scale for the rest.
    pub fn settings(&self) -> ReproductionSettings {
        let usual = ReproductionSettings::of(self.table, self.scale());
        let networks = &self.networks;
        let is_table_3 = self.table == PaperTable::Table3;
        ReproductionSettings {
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
            rivals: self.rivals,
            pairs: self.pairs.clone().map(|root| PairSource { benchmark: self.dataset, root }),
            // Without any model the rows of TV-L1 are still worth having.
            model: self.model.clone().or_else(|| is_table_3.then(flow_model)?.ok()),
            data: self.clips.lists(),
            flow_roots: self.flow_root.clone(),
            ..usual
        }
    }

    /// Returns the shipped model for the scale tiny, whose minutes are not enough to train from scratch.
    fn usual_base(&self) -> Option<PathBuf> {
        let ReproductionNetworkArgs { width, frames, backbone, imagenet, from_scratch, .. } = &self.networks;
        let others = *from_scratch || width.is_some() || frames.is_some() || backbone.is_some() || imagenet.is_some();
        let wanted = matches!(self.table, PaperTable::Table1 | PaperTable::Table4)
            && self.scale() == ReproductionScale::Tiny
            && !others;
        wanted.then(default_model)?.ok()
    }

    /// Returns the folder of the results.
    pub fn folder(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("runs").join(key(self.table)))
    }
}

/// Returns the name of a table on the command line.
fn key(table: PaperTable) -> &'static str {
    match table {
        PaperTable::Table1 => "table1",
        PaperTable::Table2 => "table2",
        PaperTable::Table3 => "table3",
        PaperTable::Table4 => "table4",
    }
}

impl ClipArgs {
    /// Returns the first of the options that was given.
    fn given(&self) -> Option<&'static str> {
        let options = [
            ("--data", self.data.is_some()),
            ("--sample", self.sample.is_some()),
            ("--frame-size", self.frame_size.is_some()),
            ("--views", self.views.is_some()),
        ];
        let own = options.into_iter().find(|(_, is_given)| *is_given).map(|(option, _)| option);
        own.or_else(|| self.lists.given())
    }

    /// Returns the lists that were given; none for the generated sample.
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
fn flow_root(text: &str) -> std::result::Result<FlowRoot, String> {
    let (name, root) = text.split_once('=').ok_or("expected NAME=DIR, such as middlebury=data/middlebury")?;
    Ok(FlowRoot { dataset: by_name(name)?, root: root.into() })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct ReproduceLine {
        #[command(flatten)]
        reproduce: ReproduceArgs,
    }

    #[test]
    fn options_of_another_table_are_refused_by_name() {
        let checked = |line: &str| {
            let words = std::iter::once("reproduce").chain(line.split(' '));
            ReproduceLine::try_parse_from(words).unwrap().reproduce.check()
        };
        for (line, said) in [
            ("table3 --steps 5", "--steps: it belongs to table1, table2 and table4 and has no effect on table3"),
            ("table3 --skip-bad", "--skip-bad: it belongs to table1, table2 and table4"),
            ("table3 --scale small", "--scale: it belongs to table1, table2 and table4"),
            ("table2 --from-scratch", "--from-scratch: it belongs to table1 and table4 and has no effect on table2"),
            ("table1 --flow-root middlebury=a", "--flow-root: it belongs to table3"),
            ("table2 --model a", "--model: it belongs to table3"),
        ] {
            let error = checked(line).unwrap_err();
            assert!(error.to_string().starts_with(said), "{line}: {error}");
        }
        for line in [
            "table1 --base a --steps 5 --views 1x1",
            "table2 --frames 2",
            "table3 --flow-root middlebury=a",
            "table3 --rivals --scale small --flow-steps 5",
            "table4 --scale small --steps 5",
        ] {
            checked(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn benchmarks_are_named_with_their_folders() {
        let root = flow_root("kitti2015=a=b").unwrap();
        assert_eq!(root, FlowRoot { dataset: FlowDataset::Kitti2015, root: "a=b".into() });
        assert!(flow_root("middlebury").is_err_and(|error| error.contains("NAME=DIR")));
        assert!(flow_root("flow=x").is_err_and(|error| error.contains("middlebury")));
    }
}
