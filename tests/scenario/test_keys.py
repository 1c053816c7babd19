from sim.scenario import Scenario, TargetOptions, tables


def test_every_table_is_there_and_one_of_several_forms_is_there_per_form() -> None:
    assert tables()[""] == tuple(field.alias or name for name, field in Scenario.model_fields.items())
    assert tables()["target"] == tuple(TargetOptions.model_fields)
    assert tables()["fleet.machines.uniform"] == ("distribution", "low", "high")
    assert {table for table in tables() if table.startswith("bursts")} == {
        f"bursts.{kind}" for kind in ("wave", "site_outage", "rolling_restart", "mass_reconnect", "flapping")
    }
    assert {table for table in tables() if table.startswith("stages")} == {"stages.step", "stages.ramp", "stages.wave"}
