"""How what is wrong in the configuration reads."""

from gateway.config_problems import ConfigError, Problem

WRONG = Problem("limits.errors", "psync.toml", "expected a number", "Mend it.")


def test_a_problem_names_key_origin_fault_and_mend() -> None:
    assert str(WRONG) == "limits.errors (psync.toml): expected a number. Mend it."
    assert str(WRONG._replace(key="")) == "psync.toml: expected a number. Mend it."


def test_an_error_counts_its_problems_and_has_one_on_each_line() -> None:
    assert str(ConfigError([WRONG])) == f"1 problem in the configuration:\n  {WRONG}"
    assert str(ConfigError([WRONG, WRONG])).splitlines()[0] == "2 problems in the configuration:"
