import itertools
import struct
import wave

import pytest

from earwitness.library.recognition import pieces

FRAME_128_KBIT_44100 = bytes.fromhex("fffb9000")
"""MPEG 1, third layer, without padding: 417 bytes."""


def wav(path, seconds, hertz=8000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(hertz)
        samples = [sample % 32768 for sample in range(int(seconds * hertz))]
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


def mp3(path, frames, before=b"", middle=b""):
    body = (FRAME_128_KBIT_44100 + bytes(413)) * (frames // 2)
    path.write_bytes(before + body + middle + body)
    return path


def test_a_wav_file_is_cut_between_samples_and_nothing_is_lost(tmp_path):
    audio = wav(tmp_path / "a.wav", 3.5)
    parts = pieces.cut(audio, 1.0)
    assert [(part.start_seconds, part.seconds) for part in parts] == [
        (0.0, 1.0),
        (1.0, 1.0),
        (2.0, 1.0),
        (3.0, 0.5),
    ]
    samples = b""
    for number, part in enumerate(parts):
        to = tmp_path / f"{number}.wav"
        pieces.write(audio, part, to)
        with wave.open(str(to)) as file:
            samples += file.readframes(file.getnframes())
    with wave.open(str(audio)) as whole:
        assert whole.readframes(whole.getnframes()) == samples


def test_a_frame_of_mp3_knows_its_length():
    frame = pieces.frame_at(FRAME_128_KBIT_44100, 0)
    assert (frame.size, frame.seconds) == (417, 1152 / 44100)
    assert pieces.frame_at(b"ID3\x04", 0) is None


@pytest.mark.parametrize(
    "before", [b"", b"ID3\x04\0\0" + bytes([0, 0, 1, 0]) + b"\xff\xfb\x90\0" * 32, b"junk" * 50]
)
def test_an_mp3_is_cut_between_frames_behind_its_tag(tmp_path, before):
    audio = mp3(tmp_path / "a.mp3", 200, before)
    parts = pieces.cut(audio, 1.0)
    if before.startswith(b"junk"):
        assert [part.end for part in parts] == [None]  # nothing says that it is MP3
        return
    data = audio.read_bytes()
    assert all(pieces.frame_at(data, part.begin) for part in parts)
    assert parts[0].begin == len(before)
    assert parts[-1].end == len(data)
    assert all(one.end == other.begin for one, other in itertools.pairwise(parts))
    assert sum(part.seconds for part in parts) == pytest.approx(200 * 1152 / 44100)
    assert all(1.0 <= part.seconds < 1.03 for part in parts[:-1])


def test_frames_are_found_again_behind_something_else(tmp_path):
    audio = mp3(tmp_path / "a.mp3", 20, middle=b"TAG" * 5)
    (part,) = pieces.cut(audio, 60.0)
    assert part.seconds == pytest.approx(20 * 1152 / 44100)


@pytest.mark.parametrize(
    "data", [b"OggS" + bytes(99), b"RIFF\0\0\0\0WAVEjunk", b"\xff\xfb\x90\x00"]
)
def test_what_cannot_be_cut_is_one_piece(tmp_path, data):
    audio = tmp_path / "a"
    audio.write_bytes(data)
    (part,) = pieces.cut(audio)
    assert (part.begin, part.start_seconds) == (0, 0.0)


def test_pieces_of_a_real_mp3_sound_for_as_long_as_they_say(tmp_path):
    av = pytest.importorskip("av", reason="the package av, which encodes the recording, is missing")
    numpy = pytest.importorskip("numpy")
    audio = tmp_path / "a.mp3"
    with av.open(str(audio), "w") as file:
        stream = file.add_stream("libmp3lame", rate=22050, layout="mono")
        for _ in range(60):
            noise = numpy.random.default_rng(1).integers(-9000, 9000, (1, 11025), dtype="int16")
            frame = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
            frame.rate = 22050
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    parts = pieces.cut(audio, 10.0)
    assert len(parts) == 4  # the last is what the encoder adds
    for number, part in enumerate(parts):
        to = tmp_path / f"{number}.mp3"
        pieces.write(audio, part, to)
        with av.open(str(to)) as file:
            samples = sum(frame.samples for frame in file.decode(audio=0))
        assert samples / 22050 == pytest.approx(part.seconds, abs=0.1)
