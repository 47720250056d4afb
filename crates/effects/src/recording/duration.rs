//! How long audio is: from its header where that says so, else by counting its packets. Nothing is decoded.

use std::time::Duration;

use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::probe::Hint;
use symphonia::core::units::TimeBase;

use super::jumping::Jumping;

/// How long this may take; a length is of use, not worth waiting for.
const SECONDS_MAX: u64 = 30;
/// Most packets counted: MP3 has 38 a second, so more than a day of talk.
const PACKETS_MAX: u64 = 4_000_000;

/// Length of a stored file in milliseconds; none where its format is not known or does not tell.
pub(super) async fn milliseconds(file: Jumping, media_type: &'static str) -> Option<u64> {
    let extension = match media_type {
        "audio/mpeg" => "mp3",
        "audio/ogg" => "ogg",
        "audio/mp4" => "m4a",
        "audio/wav" => "wav",
        _ => return None,
    };
    // A reader that panics over a hostile file costs this length and nothing else.
    let reading = tokio::task::spawn_blocking(move || read(file, extension));
    tokio::time::timeout(Duration::from_secs(SECONDS_MAX), reading).await.ok()?.ok()?
}

fn read(file: Jumping, extension: &str) -> Option<u64> {
    let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
    let mut hint = Hint::new();
    hint.with_extension(extension);
    let (formats, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let probed = symphonia::default::get_probe().format(&hint, stream, &formats, &metadata).ok()?;
    let mut format = probed.format;
    let track = format.default_track()?;
    let (id, parameters) = (track.id, &track.codec_params);
    let base = parameters.time_base.or_else(|| parameters.sample_rate.map(|rate| TimeBase::new(1, rate)))?;
    let told = parameters.n_frames.filter(|frames| *frames > 0);
    let ticks = told.or_else(|| counted(&mut *format, id))?;
    let time = base.calc_time(ticks);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let rest = (time.frac * 1_000.0).round() as u64;
    time.seconds.checked_mul(1_000)?.checked_add(rest)
}

fn counted(format: &mut dyn FormatReader, track: u32) -> Option<u64> {
    let mut ticks = 0_u64;
    for _ in 0..PACKETS_MAX {
        let Ok(packet) = format.next_packet() else { break };
        if packet.track_id() == track {
            ticks = ticks.checked_add(packet.dur())?;
        }
    }
    (ticks > 0).then_some(ticks)
}
