//! Readers and writers of the common annotation files, one for each format: labelling projects, data sets and
//! evaluation map their labels from these.

pub mod activity_net;
pub mod text;
pub mod thumos14;
pub mod ucf101;
