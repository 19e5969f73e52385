"""Encrypted files: those of the program age, and what is noticed of a wrong one."""

import base64
import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hub.base import bech32
from hub.base.age import (
    CHUNK_BYTES,
    AgeError,
    DecryptedReader,
    EncryptedWriter,
    PrivateKey,
    PublicKey,
    is_encrypted,
)
from hub.base.bech32 import MistypedError
from tests.waiting import patience_s

LINE = "AGE-SECRET-KEY-13D048YLEJ2MSSMATYFE7V6UFA0Z293RX535QJZJ5Q75K7YFWN2UQGYLDCL"
PUBLIC = "age1nh446k94v0ef4m92pc05rdgj9znv76djgacs8ma73khf3qv7qf7qtqnwyt"
MADE_BY_AGE = base64.b64decode(
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBKKzQxT3VUTENmeHBNR1ZOR2s5RGR4QlQwTkx4SGFPajBobjFV"
    "YXRGVGdBCmpCL2s0NzNkQytCaGhUU1BGMm9rbkc4QnJqZThucmp0NXd3ZXlzZ2pPMVEKLS0tIE8vbU9xZkxTdVprWStV"
    "Zk83czNhSnVDZGpOaytRMHkrUVROdWZYZ3pXMHcKcZlLVVSHXEdN4Vp7SGsqJ54WmEBRPN+yHawTRFq6O+kmd2PMzeaU"
    "bxOqw31kbBfWvQfb0Q=="
)
"""By age 1.2.1, for the key above, which age-keygen made and nobody uses."""
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7)


def encrypted(folder: Path, content: bytes, key: PrivateKey) -> Path:
    path = folder / "file.age"
    with path.open("wb") as file:
        writer = EncryptedWriter(file, key.public)
        for begin in range(0, len(content), 7_777):
            writer.write(content[begin : begin + 7_777])
        writer.finish()
    return path


def decrypted(path: Path, key: PrivateKey) -> bytes:
    with path.open("rb") as file:
        return DecryptedReader(file, key).readall()


def test_a_file_of_the_program_age_is_opened_with_its_key(tmp_path: Path) -> None:
    path = tmp_path / "made-by-age"
    path.write_bytes(MADE_BY_AGE)
    key = PrivateKey.parse(f"# created: 2026-12-01\n# public key: {PUBLIC}\n{LINE}\n")
    assert decrypted(path, key) == b"a backup of the hub\n"
    assert (str(key.public), key.line()) == (PUBLIC, LINE)


@pytest.mark.system
@pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed")
@pytest.mark.parametrize("size_bytes", SIZES)
def test_the_program_age_opens_a_file_of_the_hub(tmp_path: Path, size_bytes: int) -> None:
    content, key = os.urandom(size_bytes), PrivateKey.new()
    path, typed = encrypted(tmp_path, content, key), tmp_path / "key"
    typed.write_text(key.line())
    command = ["age", "-d", "-i", str(typed), str(path)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=patience_s())
    assert done.stdout == content


@pytest.mark.parametrize("size_bytes", SIZES)
def test_what_is_encrypted_comes_back_and_can_be_read_at_any_place(
    tmp_path: Path, size_bytes: int
) -> None:
    content, key = os.urandom(size_bytes), PrivateKey.new()
    path = encrypted(tmp_path, content, key)
    assert decrypted(path, key) == content
    with path.open("rb") as file:
        reader = io.BufferedReader(DecryptedReader(file, key))
        assert reader.seek(0, io.SEEK_END) == size_bytes
        for place in (size_bytes // 2, 0, max(size_bytes - 3, 0)):
            reader.seek(place)
            assert reader.read(100_000) == content[place : place + 100_000]


def test_a_file_that_was_cut_off_anywhere_is_noticed_when_it_is_opened(
    tmp_path: Path,
) -> None:
    key = PrivateKey.new()
    path = encrypted(tmp_path, os.urandom(2 * CHUNK_BYTES + 5), key)
    whole = path.read_bytes()
    header = whole.index(b"\n--- ") + 49
    chunk = CHUNK_BYTES + 16
    for left in (30, 90, header, header + 16, header + 16 + chunk, len(whole) - 21, len(whole) - 1):
        path.write_bytes(whole[:left])
        with path.open("rb") as file, pytest.raises(AgeError, match="cut off"):
            DecryptedReader(file, key)


def test_any_byte_that_was_altered_is_noticed(tmp_path: Path) -> None:
    key = PrivateKey.new()
    path = encrypted(tmp_path, b"a backup of the hub", key)
    whole = path.read_bytes()
    for place in range(22, len(whole)):
        altered = bytes([whole[place] ^ 1])
        path.write_bytes(whole[:place] + altered + whole[place + 1 :])
        with pytest.raises(AgeError):
            decrypted(path, key)


def test_chunks_in_another_order_are_noticed(tmp_path: Path) -> None:
    key = PrivateKey.new()
    path = encrypted(tmp_path, os.urandom(3 * CHUNK_BYTES), key)
    whole, chunk = path.read_bytes(), CHUNK_BYTES + 16
    head = len(whole) - 3 * chunk
    first, second, last = (whole[head + n * chunk : head + (n + 1) * chunk] for n in range(3))
    path.write_bytes(whole[:head] + second + first + last)
    with pytest.raises(AgeError, match="altered"):
        decrypted(path, key)


def test_another_key_is_told_from_a_damaged_file(tmp_path: Path) -> None:
    path, other = encrypted(tmp_path, b"content", PrivateKey.new()), PrivateKey.new()
    with pytest.raises(AgeError, match=f"{other.public} does not open it: .* another one"):
        decrypted(path, other)
    with path.open("rb") as file:
        assert is_encrypted(file)
    with io.BytesIO(b"PK\x03\x04 a plain backup of long ago") as file:
        assert not is_encrypted(file)


def test_a_key_may_be_typed_in_small_letters_and_in_groups() -> None:
    line = LINE.lower()
    typed = " ".join(line[place : place + 4] for place in range(0, len(line), 4))
    assert PrivateKey.parse(f"{typed}\n").line() == LINE
    assert str(PublicKey.parse(f" {PUBLIC}\n")) == PUBLIC


BEGIN = len("AGE-SECRET-KEY-1")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (LINE[:-1], "it has 57 letters after AGE-SECRET-KEY-1, and must have 58"),
        (f"{LINE}Q", "it has 59 letters after AGE-SECRET-KEY-1"),
        (LINE[3:], "it must begin with AGE-SECRET-KEY-1"),
        (PUBLIC, "it must begin with AGE-SECRET-KEY-1"),
        ("", "it must begin with AGE-SECRET-KEY-1"),
        (f"{LINE[:30]}B{LINE[31:]}", "letter 15 after AGE-SECRET-KEY-1 is none that a key has"),
        (f"{LINE[:30]}Q{LINE[31:]}", "letter 15 after AGE-SECRET-KEY-1 is mistyped"),
        (f"{LINE[:30]}QQQ{LINE[33:]}", "some of its letters are mistyped"),
    ],
)
def test_a_typing_error_is_named_without_showing_the_key(typed: str, said: str) -> None:
    with pytest.raises(MistypedError) as error:
        PrivateKey.parse(typed)
    assert said in str(error.value)
    assert LINE[20:26] not in str(error.value)


def test_a_single_wrong_letter_is_found_at_its_place() -> None:
    for place in range(BEGIN, len(LINE), 9):
        wrong = "q" if LINE[place] != "Q" else "p"
        with pytest.raises(MistypedError, match=rf"^letter {place - BEGIN + 1} after .* mistyped$"):
            PrivateKey.parse(LINE[:place] + wrong + LINE[place + 1 :])


@pytest.mark.parametrize("text", ["A12UEL5L", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"])
def test_the_examples_of_bip_173_hold(text: str) -> None:
    prefix, _, letters = text.lower().rpartition("1")
    size_bytes = (len(letters) - bech32.CHECK_LETTERS) * 5 // 8
    content = bech32.decode(prefix, text, size_bytes=size_bytes)
    assert bech32.encode(prefix, content) == text.lower()
