//! The output device for sound, with a queue of samples. `cpal` is named nowhere else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{ErrorKind, FromSample, OutputCallbackInfo, Sample, SampleFormat, SizedSample, Stream, StreamConfig};
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::error::{Error, Result};

/// Length of the queue, seconds: several times what is decoded ahead.
const QUEUE_SECS: f64 = 1.0;

/// How long a driver may take to open its device.
const PATIENCE: Duration = Duration::from_secs(5);

/// One moment of sound: left and right, from -1 to 1.
pub(super) type StereoSample = [f32; 2];

/// The default output device, playing what is in its queue, and silence while that is empty.
pub(super) struct SoundOutput {
    /// Ends the sound when it is dropped.
    _stream: Stream,
    rate: u32,
    queue: Sender<StereoSample>,
    /// The other end of the queue, to empty it.
    queued: Receiver<StereoSample>,
    latency_nanos: Arc<AtomicU64>,
    is_lost: Arc<AtomicBool>,
}

impl SoundOutput {
    /// Opens the default device.
    ///
    /// # Errors
    /// If there is none, or it is in use or of an unknown kind.
    pub fn open() -> Result<Self> {
        let device = cpal::default_host().default_output_device();
        let device = device.ok_or_else(|| failure("there is no output device", None))?;
        let format = device.default_output_config().map_err(|error| failure("it cannot be used", Some(error)))?;
        let rate = format.sample_rate();
        let (queue, queued) = bounded((QUEUE_SECS * f64::from(rate)) as usize);
        let (latency_nanos, is_lost) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let player =
            QueuePlayer { queued: queued.clone(), latency_nanos: latency_nanos.clone(), lost: is_lost.clone() };
        let config = format.config();
        let stream = match format.sample_format() {
            SampleFormat::F32 => player.stream::<f32>(&device, config),
            SampleFormat::F64 => player.stream::<f64>(&device, config),
            SampleFormat::I16 => player.stream::<i16>(&device, config),
            SampleFormat::I24 => player.stream::<cpal::I24>(&device, config),
            SampleFormat::I32 => player.stream::<i32>(&device, config),
            SampleFormat::U8 => player.stream::<u8>(&device, config),
            SampleFormat::U16 => player.stream::<u16>(&device, config),
            other => return Err(failure(&format!("samples of the format {other} are not supported"), None)),
        };
        let stream = stream.map_err(|error| failure("it cannot be opened", Some(error)))?;
        stream.play().map_err(|error| failure("it does not start", Some(error)))?;
        Ok(Self { _stream: stream, rate, queue, queued, latency_nanos, is_lost })
    }

    /// Returns the number of samples per second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Returns whether the device was unplugged or failed.
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Acquire)
    }

    /// Appends samples; those beyond the length of the queue are dropped.
    pub fn push(&self, samples: impl IntoIterator<Item = StereoSample>) {
        samples.into_iter().all(|sample| self.queue.try_send(sample).is_ok());
    }

    /// Returns the length of what is queued, seconds.
    pub fn queued_secs(&self) -> f64 {
        self.queue.len() as f64 / f64::from(self.rate)
    }

    /// Returns after how many seconds a sample that is appended now is heard.
    pub fn delay_secs(&self) -> f64 {
        self.queued_secs() + Duration::from_nanos(self.latency_nanos.load(Ordering::Relaxed)).as_secs_f64()
    }

    /// Empties the queue.
    pub fn clear(&self) {
        self.queued.try_iter().for_each(drop);
    }
}

/// The part of an output that the thread of the driver runs.
struct QueuePlayer {
    queued: Receiver<StereoSample>,
    latency_nanos: Arc<AtomicU64>,
    lost: Arc<AtomicBool>,
}

impl QueuePlayer {
    fn stream<T: SizedSample + FromSample<f32>>(
        self,
        device: &cpal::Device,
        config: StreamConfig,
    ) -> std::result::Result<Stream, cpal::Error> {
        let Self { queued, latency_nanos, lost } = self;
        let channels = usize::from(config.channels.max(1));
        let fill = move |data: &mut [T], info: &OutputCallbackInfo| {
            let times = info.timestamp();
            let latency = times.playback.saturating_duration_since(times.callback);
            latency_nanos.store(latency.as_nanos() as u64, Ordering::Relaxed);
            for moment in data.chunks_mut(channels) {
                write(moment, queued.try_recv().unwrap_or_default());
            }
        };
        let fail = move |error: cpal::Error| {
            // After these the stream continues.
            if !matches!(error.kind(), ErrorKind::Xrun | ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied) {
                lost.store(true, Ordering::Release);
            }
        };
        device.build_output_stream(config, fill, fail, Some(PATIENCE))
    }
}

/// Writes one moment to all channels of a device: their mean to a single one, silence to those beyond two.
fn write<T: Sample + FromSample<f32>>(channels: &mut [T], [left, right]: StereoSample) {
    match channels {
        [single] => *single = T::from_sample((left + right) / 2.0),
        [first, second, others @ ..] => {
            (*first, *second) = (T::from_sample(left), T::from_sample(right));
            others.fill(T::EQUILIBRIUM);
        }
        [] => {}
    }
}

fn failure(cause: &str, source: Option<cpal::Error>) -> Error {
    let cause = match &source {
        Some(error) => format!("{cause} ({error})"),
        None => cause.to_owned(),
    };
    Error::new(
        "sound output",
        cause,
        "Check the sound settings of the system, or mute the sound; pictures are not affected",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stereo_goes_to_devices_of_any_number_of_channels() {
        let mut mono = [0_i16];
        write(&mut mono, [0.5, 0.25]);
        assert_eq!(mono, [i16::from_sample(0.375_f32)]);
        let mut surround = [1.0_f32; 4];
        write(&mut surround, [0.5, -0.5]);
        assert_eq!(surround, [0.5, -0.5, 0.0, 0.0]);
    }
}
