"""The simulator's books: the truth that an oracle compares the platform with."""

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.parameters import Body

_COLUMNS = {
    "sessions": (
        "checkout.session",
        "id client_reference_id payment_intent status payment_status amount_total currency created expires_at metadata",
    ),
    "charges": (
        "charge",
        "id payment_intent status amount amount_captured amount_refunded currency disputed refunded created",
    ),
    "refunds": ("refund", "id charge payment_intent status amount currency reason created metadata"),
    "disputes": ("dispute", "id charge payment_intent status amount currency reason created"),
}


def read_ledger(account: Account) -> str:
    """Returns one JSON object with every session, charge, refund and dispute in order of creation, minor units."""
    parts = [f'"{name}":{_rows(account, *columns)}' for name, columns in _COLUMNS.items()]
    return f"{{{','.join(parts)}}}"


def count_objects(account: Account) -> Body:
    """Returns how many objects of each kind are remembered."""
    return {
        row["kind"]: row["number"]
        for row in account.store.rows(
            "SELECT kind, count(*) AS number FROM objects"
            " WHERE kind NOT IN ('line_items', 'intent_data') GROUP BY kind ORDER BY kind"
        )
    }


def _rows(account: Account, kind: str, columns: str) -> str:
    # SQLite builds the JSON: thousands of orders need not pass through Python objects.
    members = ", ".join(f"'{name}', body -> '$.{name}'" for name in columns.split())
    found = account.store.rows(
        f"SELECT json_group_array(json_object({members})) AS rows"
        " FROM (SELECT body FROM objects WHERE kind = ? ORDER BY seq)",
        (kind,),
    )
    return str(found[0]["rows"])
