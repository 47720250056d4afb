//! Made-up speech: two voices taking turns, as 16-bit mono PCM. No file of anybody's voice is needed.

use std::io::Cursor;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::random::generator;

/// Telephone quality, in Hz.
pub const SAMPLE_RATE_HZ: u32 = 8_000;
/// Longest audio made, whatever the length of the talk: enough to be listened to, small enough for tests.
pub const AUDIO_SECONDS_MAX: u32 = 6;

const SYLLABLES_PER_SECOND: u32 = 4;
const SAMPLES_PER_SYLLABLE: u32 = SAMPLE_RATE_HZ / SYLLABLES_PER_SECOND;
/// A voice speaks so many syllables before the other one answers.
const SYLLABLES_PER_TURN: u32 = 5;
const PITCH_HZ: [f32; 2] = [115.0, 205.0];
const LOUDNESS: f32 = 9_000.0;

/// A WAV file of `seconds` (1 to [`AUDIO_SECONDS_MAX`]) made from the seed; equal arguments give equal bytes.
#[must_use]
pub fn wav(seed: u64, id: &str, seconds: u32) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = Cursor::new(Vec::new());
    let written =
        write(&mut file, spec, &mut generator(seed, "audio", id, 0), seconds.clamp(1, AUDIO_SECONDS_MAX));
    written.expect("writing to memory fails only beyond 4 GiB");
    file.into_inner()
}

fn write(
    file: &mut Cursor<Vec<u8>>,
    spec: hound::WavSpec,
    dice: &mut ChaCha8Rng,
    seconds: u32,
) -> Result<(), hound::Error> {
    let mut writer = hound::WavWriter::new(file, spec)?;
    for syllable in 0..seconds * SYLLABLES_PER_SECOND {
        let voice = usize::from((syllable / SYLLABLES_PER_TURN) % 2 == 1);
        let pitch = PITCH_HZ[voice] * dice.random_range(0.9..1.15);
        let formant = dice.random_range(3.0..9.0);
        let breath = dice.random_range(0.02..0.12);
        for n in 0..SAMPLES_PER_SYLLABLE {
            let time = n as f32 / SAMPLE_RATE_HZ as f32;
            let place = n as f32 / SAMPLES_PER_SYLLABLE as f32;
            // Rises and falls once per syllable, so that words can be told apart by eye and ear.
            let envelope = 4.0 * place * (1.0 - place);
            let tone = 0.6 * wave(pitch * time) + 0.3 * wave(pitch * formant * time);
            let noise = breath * dice.random_range(-1.0..1.0);
            writer.write_sample(sample((tone + noise) * envelope * LOUDNESS))?;
        }
    }
    writer.finalize()
}

/// A sine by two parabolas. The library's sine may differ in the last bit between platforms, and a hash would show it.
fn wave(turns: f32) -> f32 {
    let phase = turns - turns.floor();
    if phase < 0.5 { 16.0 * phase * (0.5 - phase) } else { -16.0 * (phase - 0.5) * (1.0 - phase) }
}

#[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, as a loudspeaker does")]
fn sample(value: f32) -> i16 {
    value as i16
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_file_is_a_telephone_wav_with_sound_in_it() {
        let bytes = wav(1, "a", 3);
        let mut reader = hound::WavReader::new(Cursor::new(&bytes)).unwrap();
        let spec = reader.spec();
        assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, SAMPLE_RATE_HZ, 16));
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(samples.len(), 3 * SAMPLE_RATE_HZ as usize);
        let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!(loudest > 4_000 && loudest < 16_000, "{loudest}");
    }

    #[test]
    fn the_bytes_follow_from_seed_and_id() {
        assert_eq!(wav(1, "a", 2), wav(1, "a", 2));
        assert_ne!(wav(1, "a", 2), wav(2, "a", 2));
        assert_ne!(wav(1, "a", 2), wav(1, "b", 2));
        assert_eq!(wav(1, "a", 600), wav(1, "a", AUDIO_SECONDS_MAX));
    }
}
