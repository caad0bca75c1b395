//! The numbers in the paper (spec, section 8), by row. Values that are not certain are `None`.

use crate::evaluation::flow_benchmarks::FlowDataset;
use crate::nets::Backbone;

/// Accuracy on the first split of UCF101 in percent, and frames per second on a GPU of the Titan X class; no sizes.
pub fn table_1(row: &str) -> [Option<f64>; 4] {
    let [accuracy, fps] = match row {
        "tvl1" => [Some(85.65), Some(14.75)],
        "motionnet-stored" => [Some(84.09), Some(48.54)],
        "stacked-a" => [Some(83.76), Some(169.49)],
        "stacked-b" => [Some(84.04), Some(169.49)],
        "stacked-c" => [Some(84.88), Some(169.49)],
        "spatial" => [Some(80.97), None],
        "hidden-a" => [Some(87.50), Some(120.48)],
        "hidden-b" => [Some(87.99), Some(120.48)],
        "hidden-c" => [Some(89.82), Some(120.48)],
        "two-stream" => [Some(88.0), Some(14.3)],
        "very-deep" => [Some(90.9), Some(12.8)],
        "emv" => [Some(79.3), Some(390.7)],
        "actionflownet-2" => [Some(70.0), Some(200.0)],
        "flownet" => [Some(55.27), Some(52.08)],
        "flownet2" => [Some(79.64), Some(8.05)],
        "nextflow" => [Some(72.2), Some(42.02)],
        _ => [None; 2],
    };
    [accuracy, fps, None, None]
}

/// Accuracy on the first split of UCF101 in percent, as Table 2 and Section 5.1 of the paper give it; no photometric
/// ratio.
pub fn table_2(row: &str) -> [Option<f64>; 2] {
    let accuracy = match row {
        "complete" => 82.71,
        "no-small-displacement" => 82.22,
        "no-cdc" => 81.25,
        "no-smoothness" => 80.14,
        "no-ssim" => 81.58,
        "no-multi-scale" => 80.63,
        "none" => 77.79,
        _ => return [None; 2],
    };
    [Some(accuracy), None]
}

/// End-point error in pixels, outliers in percent and milliseconds, of TV-L1 or MotionNet. The paper does not say which
/// pass of MPI-Sintel was used.
pub fn table_3(dataset: FlowDataset, is_tvl1: bool) -> [Option<f64>; 3] {
    let of_method = |[tvl1, motion_net]: [f64; 2]| Some(if is_tvl1 { tvl1 } else { motion_net });
    match dataset {
        FlowDataset::SintelClean | FlowDataset::SintelFinal => [of_method([10.46, 11.93]), None, None],
        FlowDataset::Kitti2012 => [of_method([14.6, 7.5]), None, None],
        FlowDataset::Kitti2015 => [None, of_method([47.64, 30.65]), None],
        FlowDataset::Middlebury => [of_method([0.45, 0.91]), None, None],
        FlowDataset::FlyingChairs => [None; 3],
    }
}

/// The same columns for FlowNet2 (spec `rivals.md`, section 1.11).
pub fn table_3_of_flownet2(dataset: FlowDataset) -> [Option<f64>; 3] {
    match dataset {
        FlowDataset::SintelClean | FlowDataset::SintelFinal => [Some(6.02), None, None],
        FlowDataset::Kitti2012 => [Some(1.8), None, None],
        FlowDataset::Kitti2015 => [None, Some(11.48), None],
        FlowDataset::Middlebury => [Some(0.52), None, None],
        FlowDataset::FlyingChairs => [None; 3],
    }
}

/// Accuracy in percent, the mean over the three splits of UCF101; the other columns are empty. Hidden two-stream
/// networks are published with three backbones.
pub fn table_4(row: &str, backbone: Backbone) -> Vec<Option<f64>> {
    let accuracy = match (row, backbone) {
        ("mv-fv", _) => Some(78.5),
        ("emv", _) => Some(80.2),
        ("rgb-emv", _) => Some(86.4),
        ("c3d-svm", _) => Some(82.3), // a single network; three combined have 85.2
        ("actionflownet", _) => Some(83.9),
        ("3dnet-svm", _) => Some(90.2),
        ("rgb-rgb-difference", _) => Some(91.0),
        ("hidden-c", Backbone::Vgg16) => Some(90.3),
        ("hidden-c", Backbone::BnInception) => Some(93.2),
        ("hidden-c", Backbone::I3d) => Some(97.1),
        _ => None,
    };
    vec![accuracy, None, None, None]
}
