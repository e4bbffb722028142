import pytest

from gateway.bench.frames import MASKED, TEXT, first_frame
from gateway.bench.template import MARK, MASKED_TOKENS, TOKENS, Template, Unexpected, sdp
from gateway.frames import FrameLimits, FrameReader, encode


@pytest.mark.parametrize("size", [50, 120, 1_200, 37_000])
def test_a_body_has_the_size_that_was_asked_for_and_its_token_once(size: int) -> None:
    assert len(sdp(size)) == size
    assert sdp(size).count(MARK) == 1


def test_a_patched_frame_is_a_whole_frame_with_the_number_in_it() -> None:
    template = Template(TEXT, sdp(300).encode(), "a", "offer", sdp(300))
    template.frame[template.at : template.end] = MASKED_TOKENS[4321]
    reader = FrameReader(FrameLimits(message_bytes=1_000, fragments=1))
    assert reader.feed(bytes(template.frame)) == [(TEXT, sdp(300).replace("token:0000", "token:4321").encode())]


def test_what_has_come_once_is_what_all_later_ones_have_to_be_but_for_their_number() -> None:
    template = Template(TEXT, sdp(300).encode(), "a", "offer", sdp(300))
    came = encode(TEXT, b'{"from":"a"}' + sdp(300).replace("token:0000", "token:0007").encode())
    frame = first_frame(came + b"more")
    assert frame is not None
    template.learn(came + b"more", frame)
    template.wanted[template.wanted_at : template.wanted_end] = TOKENS[8]
    assert bytes(template.wanted) == came.replace(b"token:0007", b"token:0008")


@pytest.mark.parametrize("payload", [b"no token at all", b"token:0000 token:0000"])
def test_a_message_has_to_have_one_token(payload: bytes) -> None:
    with pytest.raises(Unexpected, match="does not have its token once"):
        Template(TEXT, payload, "a", "offer", "")


def test_masking_twice_is_not_masking() -> None:
    assert bytes(range(256)).translate(MASKED).translate(MASKED) == bytes(range(256))
