//! Common annotation file formats: one reader and writer each, which labelling projects, data sets and evaluation
//! convert to their own types.

pub mod activity_net;
pub mod text;
pub mod thumos14;
pub mod ucf101;
