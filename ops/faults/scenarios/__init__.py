"""All scenarios by name."""

from ops.faults.scenarios import (
    attacks,
    broker_away,
    crash_loop,
    failpoints,
    history_again,
    lost_confirms,
    malformed_messages,
    one_address,
    postgres_away,
    postgres_frozen,
    random_kills,
    rolling_stop,
    unbound_key,
)

SCENARIOS = {
    module.SCENARIO.key: module.SCENARIO
    for module in (
        random_kills,
        failpoints,
        broker_away,
        postgres_away,
        postgres_frozen,
        unbound_key,
        lost_confirms,
        malformed_messages,
        crash_loop,
        history_again,
        rolling_stop,
        attacks,
        one_address,
    )
}
