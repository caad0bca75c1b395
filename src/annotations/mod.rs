//! The files in which the field keeps labels of videos, in their own terms: projects of labels, data sets and evaluation
//! map what they need from one reader and writer of each.

pub mod activity_net;
pub mod text;
pub mod thumos14;
pub mod ucf101;
