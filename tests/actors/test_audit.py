"""An audit line says what happened and to whom, and no more."""

import logging

import pytest

from actors.audit import SHARE, Audit

AUDIT = Audit("gateway")


def test_a_line_carries_what_is_known_on_a_logger_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gateway.audit"):
        AUDIT.tell("refused", tenant="acme", reason="token", address="192.0.2.1:5", group="", peer="laptop")
    [record] = caplog.records
    assert (record.name, record.levelname, record.getMessage()) == ("gateway.audit", "INFO", "refused")
    told = vars(record)
    assert (told["tenant"], told["reason"], told["address"], told["peer"]) == ("acme", "token", "192.0.2.1:5", "laptop")
    assert "group" not in told


def test_the_default_tenant_is_told_by_its_empty_name_and_no_reason_is_made_up(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gateway.audit"):
        AUDIT.tell("admitted", tenant="")
    assert vars(caplog.records[0])["tenant"] == ""
    assert "reason" not in vars(caplog.records[0])


def test_a_line_is_of_the_place_that_tells_it_so_that_a_flood_of_one_leaves_the_others(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gateway.audit"):
        AUDIT.tell("one", tenant="")
        AUDIT.tell("other", tenant="")
    one, other = caplog.records
    assert one.pathname == other.pathname == __file__
    assert other.lineno == one.lineno + 1


def test_below_its_level_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "gateway.audit"):
        AUDIT.tell("admitted", tenant="")
    assert caplog.records == []


def test_a_stranger_has_no_share_in_the_limit_of_the_tenant_that_is_claimed(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gateway.audit"):
        AUDIT.tell("admitted", tenant="acme")
        AUDIT.tell_of_stranger("refused", tenant="acme", reason="token")
    assert [vars(record).get(SHARE) for record in caplog.records] == ["acme", None]
    assert [vars(record)["tenant"] for record in caplog.records] == ["acme", "acme"]
