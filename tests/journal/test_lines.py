"""Lines of the log: every byte comes back, and no byte can change unseen."""

from hashlib import sha256

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal.facts import make
from traaviis_lab.journal.encode import encode
from traaviis_lab.journal.lines import ZERO, FactEncoder, read_facts, read_record, write_body
from traaviis_lab.journal.lump import Lump, Position
from traaviis_lab.journal.scan import fill

texts = st.text(st.characters(codec="utf-8"), max_size=12)
numbers = st.none() | st.integers(0, 2**62)
plain = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | texts
plain |= st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    plain, lambda v: st.lists(v, max_size=3) | st.dictionaries(texts, v, max_size=3)
)
facts = st.builds(
    make,
    texts,
    st.integers(1, 2**40),
    at=st.integers(0, 2**62),
    tenant=texts,
    kind=texts,
    name=texts,
    cause=numbers,
    body=values.map(encode),
    state=texts,
    effect=texts,
    model=texts,
    tokens_in=numbers,
    tokens_out=numbers,
    cost_usd=st.none() | st.floats(0, 1e9),
    duration_us=numbers,
)


def line_of(fact, heads):
    parts, hashes = FactEncoder().encode([fact], heads)
    return b"".join(parts), hashes[0]


@settings(deadline=None)
@given(st.lists(facts, max_size=4))
def test_what_is_written_is_read_back(written):
    heads = {fact.run: ZERO for fact in written}
    parts, hashes = FactEncoder().encode(written, heads)
    lines = b"".join(parts).split(b"\n")[:-1]
    lump = Lump("s", Position(0, 0), Position(0, 1))
    cores = fill(lump, lines)
    assert lump.facts() == [f._replace(hash=h) for f, h in zip(written, hashes, strict=True)]
    chain = {fact.run: ZERO for fact in written}
    for fact, core, digest in zip(written, cores, hashes, strict=True):
        chain[fact.run] = sha256(chain[fact.run] + core).digest()
        assert chain[fact.run] == digest
    for line in lines:
        assert orjson.loads(line)["type"] == "fact"


@settings(deadline=None)
@given(facts, st.data())
def test_no_byte_of_a_fact_line_can_change_unseen(fact, data):
    line = line_of(fact, {fact.run: ZERO})[0][:-1]
    place = data.draw(st.integers(0, len(line) - 1))
    bit = data.draw(st.integers(0, 7))
    broken = line[:place] + bytes([line[place] ^ (1 << bit)]) + line[place + 1 :]
    with pytest.raises(ValueError, match="."):
        read_facts([broken])


@settings(deadline=None)
@given(st.binary(max_size=40) | values.map(encode), st.data())
def test_bodies_of_other_records_come_back_byte_for_byte(body, data):
    line = write_body("blob", {"sha256": "x"}, body)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    fields, back = read_record(line[:-1])
    assert (fields["sha256"], back) == ("x", body)
    place = data.draw(st.integers(0, len(line) - 2))
    broken = line[:place] + bytes([line[place] ^ 4]) + line[place + 1 : -1]
    with pytest.raises(ValueError, match="."):
        read_record(broken)


def test_a_body_that_is_an_envelope_has_room():
    line, _ = line_of(make("a", 1, body=b'{"key":"k1","ciphertext":"AAAA"}'), {"a": ZERO})
    core = line[:-93].replace(b',"body":', b',"envelope":')
    digest = sha256(ZERO + core).hexdigest().encode()
    from zlib import crc32

    whole = b'%b,"hash":"%b","crc":"%08x"}' % (core, digest, crc32(digest, crc32(core)))
    assert read_facts([whole]).bodies[0] == b'{"key":"k1","ciphertext":"AAAA"}'
