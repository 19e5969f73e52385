"""Names of the hub's processes at the broker, and their certificates."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.wire.ident import is_name
from hub.__main__ import parser
from hub.app.cli.pki import renew_papers
from hub.intake.mqtt.probe import BrokerAddress, names_at, papers_of
from hub.nodes.pki.authority import HUB_NAMES, Authority, AuthorityError

NOW = datetime.now(UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path, NOW)


def test_no_node_can_have_a_name_of_a_process(authority: Authority) -> None:
    assert not any(map(is_name, HUB_NAMES[1:]))
    for name in ("hub.9", "hub.1", "nga-tu.2"):
        with pytest.raises(AuthorityError, match="cannot stand in a certificate"):
            authority.issue_client(name, NOW)


def test_names_are_those_with_a_certificate_and_they_are_renewed_with_the_hub_s(
    authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    papers = [authority.issue_client(name, NOW) for name in ("hub", "hub.3", "nga-tu-01")]
    hub = papers[0]
    address = BrokerAddress("broker", 8883, hub.ca_file, hub.cert_file, hub.key_file)
    assert names_at(address) == ("hub", "hub.3")
    assert papers_of(address, "hub.3").key_file == papers[1].key_file
    before = [one.cert_file.read_bytes() for one in papers]
    words = ["ca", "renew", str(authority.folder), str(hub.cert_file), "--now"]
    assert renew_papers(parser().parse_args(words)) == 0
    after = [one.cert_file.read_bytes() for one in papers]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, True]
    assert capsys.readouterr().out.count("is renewed until") == 2


def test_a_certificate_that_cannot_be_renewed_does_not_keep_the_others_from_it(
    authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """The broker's would end unseen because the hub's lies elsewhere."""
    broker = authority.issue_server("broker", NOW, hosts=("hub.example",)).cert_file
    before = broker.read_bytes()
    words = ["ca", "renew", str(authority.folder), "/none/hub.crt", str(broker), "--now"]
    with pytest.raises(AuthorityError, match=r"/none/hub\.crt is no certificate"):
        renew_papers(parser().parse_args(words))
    assert broker.read_bytes() != before
    assert "broker.crt is renewed until" in capsys.readouterr().out
