"""The forms in which rules are written. What is done with them is in `test_config_sources.py`."""

from gateway.config import Config
from gateway.config_checks import Section
from gateway.config_keys import keys_of
from gateway.config_rules import RULES, SECTIONS
from gateway.config_shape import Shape

KEYS = {key.name for key in keys_of(Config)}


def test_every_rule_reads_keys_that_there_are_and_only_two_keys_make_way_for_each_other() -> None:
    assert {name for rule in RULES for name in rule.reads} <= KEYS
    assert {len(rule.reads) for rule in RULES if rule.makes_way} == {2}


def test_every_section_that_is_judged_as_a_whole_is_one_of_the_config() -> None:
    shape = Shape(Config)
    assert SECTIONS
    for section in SECTIONS:
        assert isinstance(section, Section)
        assert tuple(section.path.split(".")) in shape.sections
        assert {f"{section.path}.{key.name}" for key in keys_of(section.struct)} <= KEYS
