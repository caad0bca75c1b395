use clap::Parser;

use super::*;

#[derive(Parser)]
struct TrainLine {
    #[command(flatten)]
    train: TrainArgs,
}

fn plan(line: &str) -> Result<TrainingPlan> {
    let words = ["train"].into_iter().chain(line.split(' ')).chain(["--folder", "clips"]);
    TrainLine::try_parse_from(words).unwrap().train.plan()
}

#[test]
fn options_without_effect_are_refused_by_name() {
    for (line, option) in [
        ("spatial --mode b", "--mode"),
        ("flow --imagenet a.pth", "--imagenet"),
        ("flow --backbone vgg16", "--backbone"),
        ("flow --base models/flow --width 64", "--width"),
        ("temporal --mode b --no-ssim", "--no-ssim"),
        ("spatial --preset caffe-end-to-end", "--preset"),
        ("temporal --mode b --unsupervised-weight 1", "--unsupervised-weight"),
        ("temporal --motion-lr-scale 0.1", "--motion-lr-scale"),
        ("flow --schedule cosine --milestones 5", "--milestones"),
        ("flow --factor 0.5", "--factor"),
        ("flow --architecture branched", "--architecture"),
        ("joint --architecture motion-net", "--architecture"),
        ("joint --backbone vgg16", "--backbone"),
        ("joint --frames 2", "--frames"),
        ("joint --architecture actionflownet-16 --preset paper", "--preset"),
        ("joint --architecture actionflownet-16 --hidden 64", "joint network"),
        ("joint --teacher dis", "teacher"),
        ("joint --mixup 0.2", "mixup"),
        ("joint --freeze backbone", "freeze"),
        ("joint --architecture actionflownet-2 --teacher models/vgg", "--teacher"),
        ("joint --architecture actionflownet-2 --teacher dis --temperature 2", "--temperature"),
    ] {
        assert_eq!(plan(line).unwrap_err().subject, option, "{line}");
    }
    for line in [
        "temporal --mode c --no-ssim --unsupervised-weight 1 --motion-lr-scale 0.1",
        "flow --width 64 --no-cdc --preset caffe-end-to-end",
        "flow --milestones 5,9 --factor 0.5",
        "spatial --imagenet a.pth --backbone resnet18",
        "joint --architecture branched --hidden 64 --dropout 0.5 --preset paper --unsupervised-weight 0.5",
        "joint --architecture actionflownet-16 --teacher dis --teacher-weight 0.5 --width 8 --freeze norms",
        "joint --architecture actionflownet-2 --base models/flownet-s --teacher tvl1 --teacher-weight 2",
    ] {
        plan(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn settings_of_a_teacher_need_one() {
    for option in ["--teacher-weight 2", "--temperature 2", "--teacher-flow-source dis"] {
        let refused = |line: &str| TrainLine::try_parse_from(line.split(' ')).err().map(|error| error.to_string());
        let line = format!("train temporal --folder clips {option}");
        assert!(refused(&line).unwrap().contains("--teacher <TEACHER>"), "{option}");
        assert_eq!(refused(&format!("{line} --teacher models/vgg")), None);
    }
}
