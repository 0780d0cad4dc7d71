import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.world.trust import TrustAnchors, TrustSource, platform_source

PKI = Pki(datetime(2026, 11, 21, tzinfo=UTC))
OTHER = Pki(datetime(2026, 11, 20, tzinfo=UTC))
TRUSTED = PKI.issue(CertificateSpec(("mx.example.com",))).chain
UNKNOWN = PKI.issue(CertificateSpec(("mx.example.com",), issuer="unknown")).chain


def store(*places: Path) -> TrustAnchors:
    return TrustAnchors(TrustSource("a test's store", places))


def bundle(folder: Path, content: bytes | None = None) -> Path:
    file = folder / "bundle.pem"
    file.write_bytes(PKI.anchor_pem if content is None else content)
    return file


def test_the_anchor_behind_a_chain_is_found(tmp_path: Path) -> None:
    found = store(bundle(tmp_path)).leading_from((TRUSTED, UNKNOWN))
    assert found.anchors == (PKI.anchor,)
    assert found.source == "a test's store" and len(found.digest) == 64


def test_anchors_that_no_chain_leads_to_stay_away(tmp_path: Path) -> None:
    assert store(bundle(tmp_path)).leading_from((UNKNOWN,)).anchors == ()
    assert store(bundle(tmp_path)).leading_from(()).anchors == ()


def test_an_anchor_that_is_sent_itself_is_found(tmp_path: Path) -> None:
    assert store(bundle(tmp_path)).leading_from(((PKI.anchor,),)).anchors == (PKI.anchor,)


def test_all_anchors_of_one_name_are_found(tmp_path: Path) -> None:
    found = store(bundle(tmp_path, PKI.anchor_pem + OTHER.anchor_pem)).leading_from((TRUSTED,))
    assert set(found.anchors) == {PKI.anchor, OTHER.anchor}


def test_the_ca_file_is_added_and_named(tmp_path: Path) -> None:
    empty, own = bundle(tmp_path, b""), tmp_path / "own.pem"
    own.write_bytes(PKI.anchor_pem)
    found = TrustAnchors(TrustSource("nothing", (empty,)), own).leading_from((TRUSTED,))
    assert found.anchors == (PKI.anchor,)
    assert str(own) in found.source


def test_a_store_may_be_der(tmp_path: Path) -> None:
    assert store(bundle(tmp_path, PKI.anchor)).leading_from((TRUSTED,)).anchors == (PKI.anchor,)


def test_a_directory_of_hashed_names_is_read(tmp_path: Path) -> None:
    (tmp_path / "5f5c1d2e.0").write_bytes(PKI.anchor_pem)
    (tmp_path / "README").write_bytes(OTHER.anchor_pem)
    assert store(tmp_path).leading_from((TRUSTED,)).anchors == (PKI.anchor,)


def test_broken_parts_of_a_store_do_not_hide_the_others(tmp_path: Path) -> None:
    block = b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"
    broken = b"\xff\xfe\n" + block % b"AAAA" + block % b"A"
    found = store(tmp_path / "missing", bundle(tmp_path, broken + PKI.anchor_pem + b"-----BEGIN CERTIFICATE-----\n")).leading_from(
        (TRUSTED,)
    )
    assert found.anchors == (PKI.anchor,)


def test_the_digest_tells_stores_apart_and_not_their_order(tmp_path: Path) -> None:
    def digest(content: bytes) -> str:
        return store(bundle(tmp_path, content)).leading_from(()).digest

    assert digest(PKI.anchor_pem + OTHER.anchor_pem) == digest(OTHER.anchor_pem + b"# comment\n" + PKI.anchor_pem + PKI.anchor_pem)
    assert digest(PKI.anchor_pem) != digest(OTHER.anchor_pem)


@given(st.binary(max_size=200))
def test_no_chain_makes_the_search_raise(der: bytes) -> None:
    assert store().leading_from(((der,), (TRUSTED[0][:-1], der))).anchors == ()


def test_the_environment_names_the_store_and_then_nothing_else(tmp_path: Path) -> None:
    file = bundle(tmp_path)
    source = platform_source({"SSL_CERT_FILE": str(file)})
    assert source == TrustSource(f"SSL_CERT_FILE={file}", (file,))
    assert platform_source({"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": f"{tmp_path}:/x"}).places == (file, tmp_path, Path("/x"))


def test_the_platforms_own_store_is_found_without_the_environment() -> None:
    source = platform_source({})
    if source.places:
        assert str(source.places[0]) in source.text
        some = ssl.create_default_context(cafile=str(source.places[0])) if source.places[0].is_file() else None
        if some and some.get_ca_certs(binary_form=True):
            root = some.get_ca_certs(binary_form=True)[0]
            assert root in TrustAnchors(source).leading_from(((root,),)).anchors
            assert x509.load_der_x509_certificate(root)
