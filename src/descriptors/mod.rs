//! Descriptors of codec motion vectors, Fisher vectors and a linear SVM: MV + FV.
//!
//! Kantorov & Laptev, "Efficient feature extraction, encoding and classification for action recognition", CVPR 2014.
//! The steps for a clip are: `field` maps the motion vectors of a frame to a grid; `histograms` computes orientation
//! histograms; `patches` combines them into HOG, HOF and MBH descriptors of space-time patches; `extraction` does all
//! this for a whole clip; `mixture` is the vocabulary of a descriptor type; `fisher` and `pyramid` encode a clip with
//! it; [`LinearSvm`] classifies the vector. [`train_fisher`] trains all of it on a data set and writes a
//! [`FisherModel`].

mod classifier_rows;
mod extraction;
mod field;
mod fisher;
mod histograms;
mod kind;
mod mixture;
mod model;
mod model_files;
mod parallel;
mod patches;
mod pyramid;
mod svm;
mod svm_model;
mod training;
mod vector_store;
mod work_folder;

pub use classifier_rows::{FeatureRows, RowMatrix};
pub use extraction::{DescriptorBatch, DescriptorSettings, DescriptorStream, extract};
pub use field::{GridFrame, VectorField, VectorRule};
pub use fisher::{FisherEncoder, FisherRule, FisherSums, power_normalised};
pub use kind::{DescriptorGroup, DescriptorKind};
pub use mixture::{Mixture, MixtureSettings};
pub use model::{FisherCard, FisherModel, FisherSettings};
pub use parallel::for_each_clip;
pub use patches::{Patch, patches};
pub use svm::{LinearSvm, SvmLoss, SvmSettings};
pub use svm_model::{DescriptorModel, SvmCard, SvmModel};
pub use training::{FisherEvent, FisherPlan, TrainedFisher, train_fisher};
pub(crate) use vector_store::VectorStore;
pub(crate) use work_folder::WorkFolder;
