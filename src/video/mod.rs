//! Video input and output: from a file to frames with time stamps.
//!
//! A [`VideoReader`] returns any frame of a file by its index, exactly. A [`Player`] runs a reader on its own thread,
//! keeps the frames around the position and plays them at the video's own pace. [`decode_clip`] reads a whole clip for
//! training, a video or a folder of images. A [`MotionVectorReader`] returns the motion vectors of the codec. A
//! [`Camera`] keeps the newest seconds of a live source. A [`VideoWriter`] writes clips. FFmpeg is used nowhere else in
//! the program.
//!
//! A reader processes a file in this order: `packet_source` splits the file into packets and counts them; `frame_index`
//! lists the frames in presentation order (`video_index` combines both and is shared by `index_store`); `frame_decoder`
//! decodes raw pictures that carry the numbers of their packets; `converter` deinterlaces, scales and rotates them into
//! RGB.

mod camera;
mod capture_rate;
mod clip;
mod clip_facts;
mod clip_name;
mod converter;
mod file_key;
mod file_reader;
mod folder_reader;
mod frame;
mod frame_decoder;
mod frame_folder;
mod frame_index;
mod frame_window;
mod geometry;
mod index_file;
mod index_progress;
mod index_store;
mod info;
mod libav;
mod motion_vectors;
mod natural_order;
mod opening;
mod orientation;
mod packet_scan;
mod packet_source;
mod packet_table;
mod picture;
mod playback_clock;
mod player;
mod player_state;
mod player_thread;
mod preview;
mod raw_frames;
mod reader;
mod recording_time;
mod references;
mod shown_size;
mod side_by_side;
mod sound;
mod stop_flag;
mod text_renderer;
mod transparency;
mod video_index;
mod writer;

pub use crate::names::is_hidden;
pub use camera::{
    Camera, CameraDevice, CameraInfo, CameraMode, CameraNews, CameraPhase, CameraSource, CameraStatus, LiveFrame,
    SourcePicture, camera_devices,
};
pub use capture_rate::SlowCapture;
pub use clip::{ClipReader, CountedFrames, counted_frames, decode_clip, decode_segment, first_frame};
pub use clip_facts::ClipFacts;
pub use clip_name::is_video;
pub use frame::{Frame, Sizes};
pub use frame_folder::{is_frame_folder, missing_frames};
pub use geometry::Geometry;
#[cfg(test)]
pub(crate) use index_store::hold;
pub use index_store::keep_indexes_in;
pub use info::VideoInfo;
pub use libav::ffmpeg_version;
pub use motion_vectors::{FrameKind, FrameVectors, MotionVector, MotionVectorReader};
pub(crate) use natural_order::natural_order;
pub use opening::check_opening;
pub(crate) use picture::decode_picture;
pub use picture::read_picture;
pub use player::Player;
pub use player_state::{Indexing, PlayerCommand, PlayerEvent, PlayerState, Wake};
pub use reader::VideoReader;
pub use recording_time::RecordingTime;
pub use side_by_side::SideBySide;
pub use stop_flag::StopFlag;
pub use text_renderer::TextRenderer;
pub use transparency::{TRANSPARENT, has_transparent_parts};
pub use writer::{CompleteClip, FramePacing, VideoWriter};
