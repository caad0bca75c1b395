//! The agreement as a table.

use crate::plural::counted;
use crate::predictions::{Agreement, BoutAgreement, FrameAgreement, Unlabelled};

/// Prints the figures of every class and of all together.
pub(super) fn print(agreement: &Agreement, videos: usize) {
    println!("{}, {:.1} s compared", counted(videos, "video"), agreement.secs);
    if agreement.left_out_secs > 0.0 {
        println!(
            "Left out: {:.1} s that A or B has not labelled (--unlabelled-is-background counts them as background)",
            agreement.left_out_secs
        );
    }
    if agreement.unlabelled == Unlabelled::Background {
        println!("Unlabelled frames count as background");
    }
    if agreement.several > 0 {
        println!(
            "{} with several classes at a time: not in the confusion matrix, the accuracy and the kappa of all",
            counted(agreement.several, "frame")
        );
    }
    if agreement.frames == 0 {
        println!("Nothing to compare: A and B have labelled no frame in common");
        return;
    }
    let at: String = agreement.ious.iter().map(|iou| format!(" {:>8}", format!("F1@{iou}"))).collect();
    println!(
        "{:>9} {:>9} {:>6} {:>6} {:>6} {:>6} {:>7} {:>7}{at}  class",
        "A s", "B s", "prec.", "recall", "F1", "kappa", "bouts A", "bouts B"
    );
    for class in &agreement.classes {
        row(class.secs, &class.frames, &class.bouts, &class.class);
    }
    let total = |side: usize| agreement.classes.iter().map(|class| class.secs[side]).sum();
    row([total(0), total(1)], &agreement.overall, &agreement.bouts, "(all)");
    println!("Accuracy {}, mean F1 of the classes {}", share(agreement.accuracy), share(agreement.macro_f1));
    if let Some(likeliest) = &agreement.likeliest {
        let frames = counted(likeliest.frames, "frame");
        println!("Likeliest class right: {} of {frames} of a class", share(likeliest.accuracy));
    }
    let unseen = agreement.classes.iter().filter(|class| class.secs == [0.0; 2]);
    let unseen: Vec<_> = unseen.map(|class| class.class.as_str()).collect();
    if !unseen.is_empty() {
        println!("No compared frame is labelled as: {}", unseen.join(", "));
    }
    println!("{}", counted(agreement.disagreements.len(), "disagreement"));
}

fn row([a, b]: [f64; 2], frames: &FrameAgreement, bouts: &BoutAgreement, name: &str) {
    let f1: String = bouts.f1.iter().map(|f1| format!(" {:>8}", share(*f1))).collect();
    println!(
        "{a:>9.1} {b:>9.1} {:>6} {:>6} {:>6} {:>6} {:>7} {:>7}{f1}  {name}",
        share(frames.precision),
        share(frames.recall),
        share(frames.f1),
        share(frames.kappa),
        bouts.a,
        bouts.b
    );
}

fn share(value: Option<f64>) -> String {
    value.map_or("–".into(), |value| format!("{value:.3}"))
}
